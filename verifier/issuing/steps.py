"""What one row of a table does to the register: worked out and checked before anything is written.

Invariants: no reason of a refusal, and no difference that is shown, holds a private value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from verifier.certificate.cose import Signer
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import OTHER, Jurisdiction
from verifier.certificate.lifecycle import Event, Life, ReasonClass, reason_now
from verifier.certificate.lifecycle import apply as lifecycle_after
from verifier.certificate.model import Kind
from verifier.issuing.clean_up import read_reason
from verifier.issuing.issuance import Order, Terms, require_issuable
from verifier.issuing.replacement import Change, require_transfers, stated, substitute, successor
from verifier.issuing.rosters import CleanUp, Listed
from verifier.register.actors import Actor, may_see, require_entitled
from verifier.register.certificates import let_happen, unknown
from verifier.register.ledger import Ledger, Particulars, Registered

SignerOf = Callable[[str, Kind], Signer]
"""Opens the key of an issuer for a kind."""


class Action(StrEnum):
    """What a row does."""

    ISSUE = "issue"
    REPLACE = "replace"
    REISSUE = "reissue"
    REMAKE = "remake"
    """Like a replacement, at the wish of a clean-up table."""
    CANCEL = "cancel"
    LOSE = "lose"


class Difference(NamedTuple):
    """One thing that a row changes."""

    field: str
    before: str | None = None
    """None, and `after` as well: the values are private."""
    after: str | None = None


class RowError(LiangzhengError, ValueError):
    """A row does not agree with the register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one row does."""

    row: int
    sheet: str
    number: str
    action: Action
    agency: str
    order: Order | None = None
    """Only to issue."""
    change: Change | None = None
    """Only to replace, reissue or remake."""
    reason: str = OTHER
    """A reason code of the jurisdiction. It may be private."""
    if_event: int | None = None
    """The last event of the certificate when the step was worked out."""
    differences: tuple[Difference, ...] = ()

    def with_photo(self, photo: bytes | None) -> "Step":
        """Give the step with the digest of a kept photo."""
        if photo is None:
            return self
        if self.order is not None:
            return replace(self, order=replace(self.order, photo=photo))
        return replace(self, change=replace(self.change, photo=photo)) if self.change is not None else self

    def apply(self, ledger: Ledger, *, terms: Terms, signer_of: SignerOf, actor: Actor, now: int) -> None:
        """Do it; a new certificate is issued together with others instead (`imports.apply`).

        Raises:
            LiangzhengError: as `substitute` and `let_happen` say; what was checked has changed since.
        """
        if self.change is not None:
            substitute(
                ledger,
                self.number,
                self.change,
                signer_of=signer_of,
                base_url=terms.base_url,
                actor=actor,
                now=now,
                issuer=terms.issuer,
                reason=self.reason,
                if_event=self.if_event,
                lost=self.action is Action.REISSUE,
            )
        else:
            let_happen(
                ledger,
                _EVENTS[self.action],
                self.number,
                actor=actor,
                now=now,
                issuer=terms.issuer,
                reason=self.reason,
                if_event=self.if_event,
            )


_EVENTS: Final = {
    Action.REPLACE: Event.REPLACED,
    Action.REISSUE: Event.REISSUED,
    Action.REMAKE: Event.REPLACED,
    Action.CANCEL: Event.CANCELLED,
    Action.LOSE: Event.LOST,
}
_CLEANING: Final = {
    Event.CANCELLED: Action.CANCEL,
    Event.LOST: Action.LOSE,
    Event.REPLACED: Action.REMAKE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a row is compared with."""

    connection: Connection
    terms: Terms
    actor: Actor
    now: int
    reason: str | None = None
    """The reason code of replacements; None: told by what changes."""
    asker: Actor | None = None
    """Who sent the table, where another decides on it; None: the actor."""


@dataclass(frozen=True, slots=True)
class Match:
    """A row of a replacement or clean-up table, and the certificate of its number."""

    listed: Listed
    found: Registered
    private: Particulars
    """What the register alone knows of the holder."""


def step_of(match: Match, at: Situation) -> Step:
    """Work out what a row of a replacement or clean-up table does.

    Args:
        match: the row and its certificate.
        at: what else it depends on.

    Raises:
        LiangzhengError: the row does not agree with the register, or the rules do not allow it.
    """
    listed, private = match.listed, match.private
    was = stated(match.found.certificate, private)
    if not _is_seen(match, at) and not _is_asked_for(match, at):
        raise unknown(listed.number, at.terms.issuer)
    if listed.holder != was["holder"]:
        raise RowError("the name (姓名) is not that of the certificate's holder in the register")
    if isinstance(listed, CleanUp):
        if listed.id_number and private.id_number and listed.id_number != private.id_number:
            raise RowError("the ID number (身份证号) is not that of the certificate's holder in the register")
        meant = read_reason(listed.reason)
        if meant.happening is not Event.REPLACED:
            return _ending(match, meant.happening, meant.code, at)
        return _succession(match, Action.REMAKE, meant.code, at)
    action = Action.REISSUE if match.found.standing.reason is ReasonClass.LOST else Action.REPLACE
    changed = {name for name, fact in was.items() if getattr(listed, name) != fact}
    return _succession(match, action, lambda rules: _reason(changed, rules, at), at)


def _is_seen(match: Match, at: Situation) -> bool:
    """Tell whether the asker may know what the register has; else a table could be used to guess at it."""
    asker, certificate = at.asker or at.actor, match.found.certificate
    own = (certificate.issuer, stated(certificate, match.private)["agency"])
    return (asker.authority, asker.agency) == own or may_see(at.connection, asker, certificate)


def _is_asked_for(match: Match, at: Situation) -> bool:
    """Tell whether it is a transfer, which the new agency asks for (IM-2023 Art 18)."""
    asker, certificate = at.asker or at.actor, match.found.certificate
    new = (certificate.issuer, match.listed.agency)
    is_open = not certificate.restricted and not isinstance(match.listed, CleanUp)
    return is_open and (asker.authority, asker.agency) == new


def _reason(changed: set[str], rules: Jurisdiction, at: Situation) -> str:
    """Tell from what changes why a certificate is replaced."""
    if at.reason is not None:
        return at.reason
    known = rules.reasons(Event.REPLACED)
    if "agency" in changed and "transfer" in known:
        return "transfer"
    return "facts" if changed and "facts" in known else OTHER


def _ending(match: Match, event: Event, code: Callable[[Jurisdiction], str], at: Situation) -> Step:
    rules = require_entitled(at.connection, at.actor, event, match.found.certificate)
    reason = code(rules)
    after = _after(event, match.found, rules, reason, at)
    verdicts = (_verdict(match.found, match.found.life, at.now), _verdict(match.found, after, at.now))
    return _step(match, _CLEANING[event], reason, differences=(Difference("verdict", *verdicts),))


def _succession(match: Match, action: Action, code: Callable[[Jurisdiction], str], at: Situation) -> Step:
    listed, found, event = match.listed, match.found, _EVENTS[action]
    rules = require_entitled(at.connection, at.actor, event, found.certificate)
    was = stated(found.certificate, match.private)
    if listed.agency != was["agency"]:
        require_transfers(rules)
    reason = OTHER if event is Event.REISSUED else code(rules)
    _after(event, found, rules, reason, at)
    facts = {name: getattr(listed, name) for name, fact in was.items() if getattr(listed, name) != fact}
    new = _particulars(listed, match.private)
    change = Change(**facts, particulars=new)
    require_issuable(successor(found, match.private, change, reason), at.terms)
    secret = [name for name in ("id_number", "enforcement_types", "qualification") if getattr(new, name)]
    if not _is_seen(match, at):
        secret = []
    if found.certificate.restricted:  # it states nothing of its holder, so nothing of that is shown
        differences = [Difference(name) for name in facts]
    else:
        differences = [Difference(name, _shown(was[name]), _shown(fact)) for name, fact in facts.items()]
    return _step(match, action, reason, change=change, differences=(*differences, *map(Difference, secret)))


def _particulars(listed: Listed, private: Particulars) -> Particulars:
    """Give of the private facts those that the row changes; what it leaves empty stays."""
    return Particulars(
        id_number=listed.id_number if listed.id_number != private.id_number else None,
        enforcement_types=(
            listed.enforcement_types if listed.enforcement_types != private.enforcement_types else ()
        ),
        qualification=listed.qualification if listed.qualification != private.qualification else None,
    )


def _after(event: Event, found: Registered, rules: Jurisdiction, reason: str, at: Situation) -> Life:
    valid_until = found.certificate.valid_until
    return lifecycle_after(event, found.life, valid_until=valid_until, rules=rules, reason=reason, now=at.now)


def _verdict(found: Registered, life: Life, now: int) -> str:
    certificate = found.certificate
    return reason_now(
        life.standing, valid_from=certificate.valid_from, valid_until=certificate.valid_until, now=now
    ).value


def _shown(fact: Any) -> str:
    return "、".join(fact) if isinstance(fact, tuple) else str(fact)


def _step(
    match: Match,
    action: Action,
    reason: str,
    *,
    change: Change | None = None,
    differences: tuple[Difference, ...] = (),
) -> Step:
    listed = match.listed
    return Step(
        row=listed.row,
        sheet=listed.sheet,
        number=listed.number,
        agency=listed.agency,
        action=action,
        change=change,
        reason=reason,
        if_event=match.found.event,
        differences=differences,
    )


def shown(step: Step) -> Mapping[str, Any]:
    """Give what a step changes as JSON has it."""
    changes = [
        {"field": one.field, "changed": True} if one.after is None else one._asdict()
        for one in step.differences
    ]
    sheet = {"sheet": step.sheet} if step.sheet else {}
    return {"row": step.row, **sheet, "number": step.number, "action": step.action, "changes": changes}
