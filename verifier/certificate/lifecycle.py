"""The life of a certificate: what each event makes of its standing, and what the rules refuse.

Pure: the standing before, the event, the rules of the jurisdiction and the time go in; the standing after
comes out, or an error that names the rule.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from verifier.certificate.dates import add_months, iso
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import Jurisdiction
from verifier.certificate.verdicts import Reason


class State(IntEnum):
    """The state of a code, as the status log carries it. 0 is kept for an entry never given out."""

    VALID = 1
    SUSPENDED = 2
    REVOKED = 3


class ReasonClass(IntEnum):
    """Why a code is revoked, as far as the public may know it (design: no private reasons)."""

    NONE = 0
    WITHDRAWN = 1
    CANCELLED = 2
    LOST = 3
    REPLACED = 4
    EXPIRED = 5
    """Cancelled because it had expired: the answer stays `expired` (IM-2023 Art 22)."""


class Event(StrEnum):
    """What can happen to a certificate."""

    ISSUED = "issued"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What holds for a certificate from `since` on. Times are seconds since 1970."""

    state: State
    since: int
    until: int | None = None
    """Only for a suspension: it ends by itself then."""
    reason: ReasonClass = ReasonClass.NONE

    def is_suspended(self, now: float) -> bool:
        """Tell whether it is suspended at that time."""
        return self.state is State.SUSPENDED and (self.until is None or now < self.until)


class IllegalEventError(LiangzhengError, ValueError):
    """The event may not happen to this certificate now. `rule` names the article where one says so."""

    def __init__(self, why: str, rule: str | None = None) -> None:
        super().__init__(f"{why} ({rule})" if rule else why)
        self.rule = rule


EXPIRY: Final = "expired"
"""The reason code of a cancellation because the validity ended."""

_VOID: Final = {
    ReasonClass.WITHDRAWN: "withdrawn",
    ReasonClass.CANCELLED: "cancelled",
    ReasonClass.LOST: "reported lost",
    ReasonClass.REPLACED: "replaced",
    ReasonClass.EXPIRED: "cancelled, having expired",
}


def apply(
    event: Event,
    standing: Standing,
    *,
    valid_until: int,
    rules: Jurisdiction,
    reason: str,
    now: int,
    until: int | None = None,
) -> Standing:
    """Give the standing after an event.

    Args:
        event: what happens; `ISSUED` is not among them, it has no standing before it.
        standing: what holds now.
        valid_until: the end of the certificate's validity.
        rules: the jurisdiction that it was issued in.
        reason: a reason code that the jurisdiction knows for this event.
        now: the time of the event.
        until: for a suspension, its end; otherwise as long as the jurisdiction says.

    Returns:
        The standing from `now` on.

    Raises:
        IllegalEventError: the state or the rules do not allow it.
    """
    if reason not in rules.reasons(event):
        raise IllegalEventError(
            f"{rules.key} knows no reason {reason!r} for {event}: {', '.join(rules.reasons(event))}"
        )
    if until is not None and event is not Event.SUSPENDED:
        raise IllegalEventError("only a suspension has an end")
    if standing.state is State.REVOKED and not (standing.reason is ReasonClass.LOST and event in _AFTER_LOSS):
        raise IllegalEventError(
            f"the certificate was already {_VOID[standing.reason]} on {iso(standing.since)}"
        )
    match event:
        case Event.SUSPENDED:
            return _suspend(standing, valid_until=valid_until, rules=rules, now=now, until=until)
        case Event.REINSTATED:
            if not standing.is_suspended(now):
                raise IllegalEventError("the certificate is not suspended")
            return Standing(state=State.VALID, since=now)
        case Event.WITHDRAWN:
            return _revoked(ReasonClass.WITHDRAWN, now)
        case Event.CANCELLED:
            if reason != EXPIRY:
                return _revoked(ReasonClass.CANCELLED, now)
            if now < valid_until:
                raise IllegalEventError(f"the certificate has not expired: it holds until {iso(valid_until)}")
            return _revoked(ReasonClass.EXPIRED, now)
        case Event.LOST:
            return _revoked(ReasonClass.LOST, now)
        case Event.ISSUED:
            raise IllegalEventError("the certificate is issued already")


_AFTER_LOSS: Final = frozenset({Event.WITHDRAWN, Event.CANCELLED})


def _suspend(
    standing: Standing, *, valid_until: int, rules: Jurisdiction, now: int, until: int | None
) -> Standing:
    if rules.suspension is None:
        raise IllegalEventError(f"{rules.key} knows no suspension", rules.key)
    if standing.is_suspended(now):
        raise IllegalEventError("the certificate is suspended already")
    if now >= valid_until:
        raise IllegalEventError("the certificate has expired")
    longest = add_months(now, rules.suspension.months)
    if until is None:
        until = longest
    if until <= now:
        raise IllegalEventError("the end of a suspension must lie in the future")
    if until > longest:
        raise IllegalEventError(
            f"a suspension lasts at most {rules.suspension.months} months, here until {iso(longest)}",
            rules.suspension.rule,
        )
    return Standing(state=State.SUSPENDED, since=now, until=until)


def _revoked(reason: ReasonClass, now: int) -> Standing:
    return Standing(state=State.REVOKED, since=now, reason=reason)


_REVOKED: Final = {
    ReasonClass.WITHDRAWN: Reason.WITHDRAWN,
    ReasonClass.CANCELLED: Reason.CANCELLED,
    ReasonClass.LOST: Reason.LOST,
    ReasonClass.REPLACED: Reason.REPLACED,
    ReasonClass.EXPIRED: Reason.EXPIRED,
}
# Every scan asks for these; an enum's members are slow to look up before Python 3.12.
_IS_VALID: Final = State.VALID
_IS_REVOKED: Final = State.REVOKED
_HOLDS: Final = Reason.VALID


def reason_now(standing: Standing, *, valid_from: int, valid_until: int, now: float) -> Reason:
    """Say how a genuine, registered certificate stands at a time.

    Where several hold: revoked, expired, not yet valid, suspended, valid, in this order.
    """
    state = standing.state
    if state is _IS_REVOKED:
        return _REVOKED[standing.reason]
    if now >= valid_until:
        return Reason.EXPIRED
    if now < valid_from:
        return Reason.NOT_YET_VALID
    if state is not _IS_VALID and standing.is_suspended(now):
        return Reason.SUSPENDED
    return _HOLDS
