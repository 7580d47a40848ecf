"""The life of a certificate: what each event makes of its standing, and what the rules refuse.

Pure: the standing before, the event, the rules of the jurisdiction and the time go in; the standing after
comes out, or an error that names the rule.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Final

from verifier.certificate.dates import add_months, iso
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import Jurisdiction, Rank
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
    FILED = "filed"
    """A ministry's certificate was entered (备案)."""
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    LOST = "lost"
    REISSUED = "reissued"
    """A new certificate was issued for the lost one (补办)."""
    REPLACED = "replaced"
    """A new certificate was put in force in place of this one (换发)."""
    RETURNED = "returned"
    """The card was taken back (收回)."""
    DESTROYED = "destroyed"
    """The card was destroyed (销毁)."""
    REVIEW_ASKED = "review_asked"
    """The holder objects (复核)."""
    REVIEW_UPHELD = "review_upheld"
    REVIEW_REVERSED = "review_reversed"
    """The withdrawal or cancellation is undone: what held before holds again."""


FIRST: Final = frozenset({Event.ISSUED, Event.FILED})
"""The events that a certificate begins with."""
BY_SUCCESSION: Final = frozenset({Event.REPLACED, Event.REISSUED})
"""The events that come with another certificate in place of this one."""


class Card(IntEnum):
    """Where the printed card of a certificate is."""

    HELD = 0
    RETURNED = 1
    DESTROYED = 2


class Review(IntEnum):
    """How far the holder's objection is."""

    NONE = 0
    ASKED = 1
    UPHELD = 2


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """All that decides what may happen to a certificate next."""

    standing: Standing
    before: Standing | None = None
    """What held before the standing, for a review that reverses; None where there was nothing."""
    review: Review = Review.NONE
    review_since: int | None = None
    card: Card = Card.HELD
    succeeded: bool = False
    """Another certificate was issued in place of this one."""


class IllegalEventError(LiangzhengError, ValueError):
    """The event may not happen to this certificate now. `rule` names the article where one says so."""

    def __init__(self, why: str, rule: str | None = None) -> None:
        super().__init__(f"{why} ({rule})" if rule else why)
        self.rule = rule


class NotEntitledError(LiangzhengError, PermissionError):
    """Whoever asks may not let this happen. `rule` names the article, or the regulation."""

    def __init__(self, why: str, rule: str | None = None) -> None:
        super().__init__(f"{why} ({rule})" if rule else why)
        self.rule = rule


EXPIRY: Final = "expired"
"""The reason code of a cancellation because the validity ended."""
RENEWAL: Final = "renewal"
"""The reason code of a replacement because the validity is about to end."""

_DAY: Final = 86_400
_VOID: Final = {
    ReasonClass.WITHDRAWN: "withdrawn",
    ReasonClass.CANCELLED: "cancelled",
    ReasonClass.LOST: "reported lost",
    ReasonClass.REPLACED: "replaced",
    ReasonClass.EXPIRED: "cancelled, having expired",
}


_NOUNS: Final = {
    Event.SUSPENDED: "suspension",
    Event.REINSTATED: "suspension that could be ended",
    Event.DESTROYED: "destruction",
    Event.REVIEW_ASKED: "review",
    Event.REVIEW_UPHELD: "review",
    Event.REVIEW_REVERSED: "review",
}


def require_known(event: Event, rules: Jurisdiction) -> None:
    """Refuse an event that the regulation does not know.

    Raises:
        IllegalEventError: with the regulation's key.
    """
    if event not in rules.events:
        raise IllegalEventError(f"{rules.key} knows no {_NOUNS.get(event, event.value)}", rules.key)


def require_entitled(event: Event, ranks: Collection[Rank], rules: Jurisdiction) -> None:
    """Refuse whoever may not let an event happen.

    Args:
        event: what they want to happen.
        ranks: in which capacities they act.
        rules: the jurisdiction of the certificate.

    Raises:
        IllegalEventError: the regulation does not know the event.
        NotEntitledError: others may, not they; names the article.
    """
    require_known(event, rules)
    entitled = rules.events[event]
    if not set(ranks) & set(entitled.by):
        raise NotEntitledError(f"{event} is for {', '.join(entitled.by)}", entitled.rule)


def apply(
    event: Event,
    life: Life,
    *,
    valid_until: int,
    rules: Jurisdiction,
    reason: str,
    now: int,
    until: int | None = None,
) -> Life:
    """Give the life after an event.

    Args:
        event: what happens; none of `FIRST`, there is no life before them.
        life: what holds now.
        valid_until: the end of the certificate's validity.
        rules: the jurisdiction that it was issued in.
        reason: a reason code that the jurisdiction knows for this event.
        now: the time of the event.
        until: for a suspension, its end; otherwise as long as the jurisdiction says.

    Returns:
        The life from `now` on; its standing is the same object where the event does not change it.

    Raises:
        IllegalEventError: the state or the rules do not allow it.
    """
    if event in FIRST:
        raise IllegalEventError("the certificate is issued already")
    require_known(event, rules)
    if reason not in rules.reasons(event):
        raise IllegalEventError(
            f"{rules.key} knows no reason {reason!r} for {event}: {', '.join(rules.reasons(event))}",
            rules.key,
        )
    if until is not None and event is not Event.SUSPENDED:
        raise IllegalEventError("only a suspension has an end")
    match event:
        case Event.RETURNED | Event.DESTROYED:
            return _card(event, life, valid_until=valid_until, rules=rules, now=now)
        case Event.REVIEW_ASKED:
            return _ask_review(life, rules=rules, now=now)
        case Event.REVIEW_UPHELD | Event.REVIEW_REVERSED:
            return _decide_review(event, life, now=now)
        case Event.REISSUED:
            return _reissue(life, rules=rules, valid_until=valid_until, now=now)
        case _:
            return _change(
                event, life, valid_until=valid_until, rules=rules, reason=reason, now=now, until=until
            )


_AFTER_LOSS: Final = frozenset({Event.WITHDRAWN, Event.CANCELLED})
_REVIEWED: Final = frozenset({ReasonClass.WITHDRAWN, ReasonClass.CANCELLED})


def _change(
    event: Event,
    life: Life,
    *,
    valid_until: int,
    rules: Jurisdiction,
    reason: str,
    now: int,
    until: int | None,
) -> Life:
    """Let the standing change."""
    standing = life.standing
    lost = standing.reason is ReasonClass.LOST
    if standing.state is State.REVOKED and not (lost and event in _AFTER_LOSS):
        raise IllegalEventError(
            f"the certificate was already {_VOID[standing.reason]} on {iso(standing.since)}",
            rules.events[event].rule,
        )
    succeeded = life.succeeded
    match event:
        case Event.SUSPENDED:
            after = _suspend(standing, valid_until=valid_until, rules=rules, now=now, until=until)
        case Event.REINSTATED:
            if not standing.is_suspended(now):
                raise IllegalEventError("the certificate is not suspended", rules.events[event].rule)
            after = Standing(state=State.VALID, since=now)
        case Event.CANCELLED if reason == EXPIRY:
            if now < valid_until:
                raise IllegalEventError(
                    f"the certificate has not expired: it holds until {iso(valid_until)}",
                    rules.basis(event, reason),
                )
            after = _revoked(ReasonClass.EXPIRED, now)
        case Event.REPLACED:
            _require_replaceable(standing, valid_until=valid_until, rules=rules, reason=reason, now=now)
            after, succeeded = _revoked(ReasonClass.REPLACED, now), True
        case _:
            after = _revoked(ReasonClass[event.name], now)
    return replace(life, standing=after, before=standing, succeeded=succeeded)


def _suspend(
    standing: Standing, *, valid_until: int, rules: Jurisdiction, now: int, until: int | None
) -> Standing:
    assert rules.suspension is not None, "a file that has the event has its length: checked when it is read"
    if standing.is_suspended(now):
        raise IllegalEventError("the certificate is suspended already", rules.suspension.rule)
    if now >= valid_until:
        raise IllegalEventError("the certificate has expired", rules.validity.rule)
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


def _require_replaceable(
    standing: Standing, *, valid_until: int, rules: Jurisdiction, reason: str, now: int
) -> None:
    if standing.is_suspended(now):
        # The new one would be in force: a way around the suspension.
        raise IllegalEventError(
            "the certificate is suspended: reinstate it first", rules.events["replaced"].rule
        )
    if now >= valid_until:
        raise IllegalEventError("the certificate has expired: apply anew", rules.validity.rule)
    opens = add_months(valid_until, -rules.renewal.months)
    if reason == RENEWAL and now < opens:
        raise IllegalEventError(f"a renewal can be asked for from {iso(opens)} on", rules.renewal.rule)


def _reissue(life: Life, *, rules: Jurisdiction, valid_until: int, now: int) -> Life:
    if life.standing.reason is not ReasonClass.LOST:
        raise IllegalEventError("the certificate was not reported lost", rules.loss.rule)
    if life.succeeded:
        raise IllegalEventError("it was reissued already", rules.loss.rule)
    if life.before is not None and life.before.is_suspended(now):
        # Losing the card would otherwise end the suspension.
        raise IllegalEventError("it was suspended when it was lost", rules.events["suspended"].rule)
    if now >= valid_until:
        raise IllegalEventError("the certificate has expired: apply anew", rules.validity.rule)
    opens = life.standing.since + rules.loss.reissue_after_days * _DAY
    if now < opens:
        raise IllegalEventError(f"the notice of loss runs until {iso(opens)}", rules.loss.rule)
    return replace(life, succeeded=True)


def _card(event: Event, life: Life, *, valid_until: int, rules: Jurisdiction, now: int) -> Life:
    rule = rules.events[event].rule
    if life.standing.state is not State.REVOKED and now < valid_until:
        raise IllegalEventError("the certificate is in force: its card stays with the holder", rule)
    after = Card[event.name]
    if life.card >= after:
        raise IllegalEventError(f"the card was {life.card.name.lower()} already", rule)
    return replace(life, card=after)


def _ask_review(life: Life, *, rules: Jurisdiction, now: int) -> Life:
    assert rules.review is not None, "a file that has the event has its days: checked when it is read"
    if life.standing.reason not in _REVIEWED:
        raise IllegalEventError("only a withdrawal or a cancellation is reviewed", rules.review.rule)
    if life.review is not Review.NONE:
        raise IllegalEventError("a review was asked for already", rules.review.rule)
    ends = life.standing.since + rules.review.days * _DAY
    if now >= ends:
        raise IllegalEventError(f"a review could be asked for until {iso(ends)}", rules.review.rule)
    return replace(life, review=Review.ASKED, review_since=now)


def _decide_review(event: Event, life: Life, *, now: int) -> Life:
    if life.review is not Review.ASKED:
        raise IllegalEventError("no review is open")
    if event is Event.REVIEW_UPHELD:
        return replace(life, review=Review.UPHELD, review_since=now)
    assert life.before is not None
    return replace(life, standing=life.before, before=life.standing, review=Review.NONE, review_since=None)


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
