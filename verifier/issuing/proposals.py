"""What agencies ask for, reviewed level by level, decided by the issuer (IM-2023 Art 12, 13; XJ-2022 Art 11).

The steps are laid down when something is proposed: from the justice department of the agency's own level up
to the issuer, whose approval puts the certificate in force in the same transaction. What could not be issued
is refused at once: it is tried, and taken back.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from verifier.certificate.cose import Signer
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import (
    LEVELS,
    Jurisdiction,
    Level,
    articles_of,
    jurisdiction_of,
    level_of,
)
from verifier.certificate.lifecycle import NotEntitledError
from verifier.certificate.model import Kind
from verifier.certificate.working_days import add_working_days
from verifier.issuing.issuance import Order, issue, require_issuable, stated_agency, terms_of
from verifier.issuing.proposed import Action, Proposal, ProposalState, Wish, by_number, content_of
from verifier.issuing.replacement import substitute
from verifier.register import authorities, tables
from verifier.register.actors import Actor, Place, agency_area, place_of
from verifier.register.certificates import by_id, examine, particulars_of
from verifier.register.errors import NotFoundError
from verifier.register.ledger import Ledger, Registered

MOST_WHY: Final = 400
"""Characters of the words that go with a decision."""
TRANSFER: Final = "transfer"
"""The reason code of a replacement because the holder moved to another agency (IM-2023 Art 18)."""


class ProposalError(LiangzhengError, ValueError):
    """A proposal cannot be made, or not decided now. `rule` names the article where one says so."""

    def __init__(self, why: str, rule: str | None = None) -> None:
        super().__init__(f"{why} ({rule})" if rule else why)
        self.rule = rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What it takes to issue.

    Attributes:
        signer_of: opens the key of an issuer for a kind.
        base_url: where scans are answered.
    """

    signer_of: Callable[[str, Kind], Signer]
    base_url: str


def propose(
    ledger: Ledger, wishes: Sequence[Wish], *, means: Means, actor: Actor, now: int
) -> list[Proposal]:
    """Enter what an agency asks for: all of it or nothing.

    Raises:
        NotEntitledError: not an agency, or not for its own certificates.
        NotFoundError: no such certificate of the agency's.
        ProposalError: the same is proposed already, or a level of the path is not in the register.
        LiangzhengError: whatever would keep the certificates from being issued, the one beside the other.
    """
    if actor.authority is None or actor.agency is None:
        raise NotEntitledError("proposals are made by agencies")
    if any(wish.order is not None and wish.order.kind is Kind.MINISTRY for wish in wishes):
        raise ProposalError("a ministry's certificate is filed by the region, and not proposed")
    connection = ledger.connection
    issuer = place_of(connection, actor.authority)
    rules = jurisdiction_of(issuer.area)
    area = agency_area(connection, issuer, actor.agency)
    path = _path(connection, issuer, area, rules)
    _require_single(connection, issuer.code, [wish.number for wish in wishes])
    own = [_own(ledger, wish, issuer.code, actor.agency, rules) for wish in wishes]
    _try_out(ledger, [wish for wish, _ in own], issuer.code, means, now)
    days = rules.proposals.working_days
    common = {
        "issuer": issuer.code,
        "agency": actor.agency,
        "area": area,
        "time": now,
        "actor": actor.name,
        "due": add_working_days(now, days) if days else None,
    }
    entered = [
        _enter(connection, wish, common | {"kind": int(kind)}, path, rules.proposals.rule)
        for wish, kind in own
    ]
    return [by_number(connection, proposal, actor) for proposal in entered]


def decide(
    ledger: Ledger,
    proposal: int,
    *,
    approve: bool,
    why: str | None,
    means: Means,
    actor: Actor,
    now: int,
    rule: str | None = None,
) -> Proposal:
    """Decide the step that is next; the issuer's approval issues.

    Args:
        ledger: the open batch.
        proposal: its id.
        approve: else it is refused, for good.
        why: at most `MOST_WHY` characters; needed to refuse.
        means: what it takes to issue.
        actor: the authority of the step; the operator decides as the issuer.
        now: when.
        rule: the article that a refusal rests on, of those that the jurisdiction's file names; None: that
            of the step.

    Raises:
        NotFoundError: there is none, or it is none of the actor's business.
        NotEntitledError: it is another authority's turn; names the article.
        ProposalError: it was decided or taken back already, or refused without a word or by no known article.
        LiangzhengError: whatever keeps the certificate from being issued.
    """
    found = by_number(ledger.connection, proposal, actor)
    _require_open(found)
    step = found.steps[found.step]
    if actor.agency is not None or (actor.authority or found.issuer) != step.authority:
        raise NotEntitledError(f"it is for {step.authority} to decide now", step.rule)
    if why is not None and len(why) > MOST_WHY:
        raise ProposalError(f"the words that go with a decision are longer than {MOST_WHY} characters")
    if not approve:
        return _refuse(ledger, found, why=why, rule=rule, actor=actor, now=now)
    _note(ledger, found, "approved", why=why, rule=step.rule, actor=actor, now=now)
    if found.step + 1 < len(found.steps):
        return _move(ledger, found, actor, step=found.step + 1)
    issuer = Actor(name=actor.name, authority=found.issuer)
    issued = _fulfil(ledger, found.wish, means, issuer, now)
    return _move(ledger, found, actor, state=ProposalState.ISSUED, certificate=issued.id)


def take_back(ledger: Ledger, proposal: int, *, actor: Actor) -> Proposal:
    """Take a proposal back; for the agency that made it.

    Raises:
        NotFoundError: there is none, or it is none of the actor's business.
        NotEntitledError: somebody else made it.
        ProposalError: it was decided or taken back already.
    """
    found = by_number(ledger.connection, proposal, actor)
    _require_open(found)
    if actor.agency is None:
        raise NotEntitledError("a proposal is taken back by the agency that made it", found.rule)
    return _move(ledger, found, actor, state=ProposalState.WITHDRAWN)


def _own(ledger: Ledger, wish: Wish, issuer: str, agency: str, rules: Jurisdiction) -> tuple[Wish, Kind]:
    """Refuse what is not the agency's own; a transfer is asked for by the new one (IM-2023 Art 18).

    Returns:
        The wish, which says so where the certificate is restricted; and the certificate's kind.
    """
    if wish.order is not None:
        if stated_agency(wish.order) != agency:
            raise NotEntitledError("an agency proposes its own officers", rules.proposals.rule)
        return wish, wish.order.kind
    assert wish.change is not None
    not_theirs = NotFoundError(f"no certificate {wish.number} of yours")
    try:
        found = examine(ledger, wish.number, issuer=issuer)
    except NotFoundError:
        raise not_theirs from None
    old, new = found.certificate, wish.change.agency
    if old.restricted:  # whether there is such a one is not for other agencies to learn
        is_transfer, now_at = False, (particulars_of(ledger.connection, found.id).sealed or {}).get("agency")
    else:
        is_transfer, now_at = (wish.action, wish.reason) == (Action.REPLACE, TRANSFER), old.agency
    if not ((now_at == agency and new in {None, agency}) or (is_transfer and new == agency)):
        raise not_theirs
    if old.restricted and wish.change.restricted is None:
        wish = replace(wish, change=replace(wish.change, restricted=True))
    return wish, old.kind


def _require_single(connection: Connection, issuer: str, numbers: Sequence[str]) -> None:
    columns = tables.proposal.c
    seen = set[str]()
    for number in numbers:
        query = select(columns.id).where(
            columns.issuer == issuer, columns.number == number, columns.state == ProposalState.OPEN.value
        )
        if number in seen or connection.scalar(query) is not None:
            raise ProposalError(f"number {number} is proposed already")
        seen.add(number)


def _path(connection: Connection, issuer: Place, area: str, rules: Jurisdiction) -> list[str]:
    """Give the authorities that review, in their order, the issuer last."""
    low, high = LEVELS.index(level_of(area)), LEVELS.index(issuer.level)
    below = [level for level in rules.proposals.order if low <= LEVELS.index(level) < high]
    return [_authority(connection, area, level, rules) for level in below] + [issuer.code]


def _authority(connection: Connection, area: str, level: Level, rules: Jurisdiction) -> str:
    outer = area[: {"region": 2, "prefecture": 4, "county": 6}[level]].ljust(6, "0")
    columns = tables.authority.c
    code = connection.scalar(select(columns.code).where(columns.area == outer).order_by(columns.code))
    if code is None:
        raise ProposalError(f"the register knows no {level} authority of area {outer}", rules.proposals.rule)
    return str(code)


def _enter(connection: Connection, wish: Wish, common: dict[str, Any], path: Sequence[str], rule: str) -> int:
    row = connection.execute(
        insert(tables.proposal).values(
            **common,
            action=wish.action.value,
            number=wish.number,
            content=content_of(wish),
            state=ProposalState.OPEN.value,
            step=0,
        )
    ).inserted_primary_key
    assert row is not None
    steps = [
        {"proposal": row[0], "position": position, "authority": authority, "rule": rule}
        for position, authority in enumerate(path)
    ]
    connection.execute(insert(tables.step), steps)
    return int(row[0])


class _TakenBackError(LiangzhengError):
    """What was tried is not to stay."""


def _try_out(ledger: Ledger, wishes: Sequence[Wish], issuer: str, means: Means, now: int) -> None:
    with suppress(_TakenBackError), ledger.apart():
        for wish in wishes:
            _fulfil(ledger, wish, means, Actor(name="tried", authority=issuer), now)
        raise _TakenBackError


def _fulfil(ledger: Ledger, wish: Wish, means: Means, actor: Actor, now: int) -> Registered:
    """Issue what was asked for, in the issuer's name."""
    issuer = actor.authority
    assert issuer is not None
    if wish.change is not None:
        return substitute(
            ledger,
            wish.number,
            wish.change,
            signer_of=means.signer_of,
            base_url=means.base_url,
            actor=actor,
            now=now,
            issuer=issuer,
            reason=wish.reason,
            lost=wish.action is Action.REISSUE,
        )
    assert wish.order is not None
    return _issue(ledger, wish.order, means, actor, now)


def _issue(ledger: Ledger, order: Order, means: Means, actor: Actor, now: int) -> Registered:
    assert actor.authority is not None
    authority = authorities.issuer_of(ledger.connection, actor.authority)
    if order.kind is not Kind.MINISTRY:
        jurisdiction_of(authority.area, order.categories).require_number(order.number)
    terms = terms_of(authority, means.base_url, valid_from=now)
    require_issuable(order, terms)
    signer = means.signer_of(authority.code, order.kind)
    (new,) = issue(ledger, [order], terms=terms, signer=signer, actor=actor, now=now)
    ledger.flush()
    return by_id(ledger.connection, new)


def _require_open(found: Proposal) -> None:
    if found.state is not ProposalState.OPEN:
        raise ProposalError(f"the proposal was {found.state} already", found.rule)


def _refuse(
    ledger: Ledger, found: Proposal, *, why: str | None, rule: str | None, actor: Actor, now: int
) -> Proposal:
    if not why:
        raise ProposalError("say why it is refused", found.rule)
    if rule is not None and rule not in articles_of(place_of(ledger.connection, found.issuer).area):
        raise ProposalError("a refusal rests on an article that the rules of the jurisdiction name")
    _note(ledger, found, "refused", why=why, rule=rule or found.rule, actor=actor, now=now)
    return _move(ledger, found, actor, state=ProposalState.REFUSED)


def _note(
    ledger: Ledger, found: Proposal, decision: str, *, why: str | None, rule: str, actor: Actor, now: int
) -> None:
    """Write down who decided the step that is next, and how."""
    columns = tables.step.c
    ledger.connection.execute(
        update(tables.step)
        .where(columns.proposal == found.id, columns.position == found.step)
        .values(time=now, actor=actor.name, decision=decision, why=why, rule=rule)
    )


def _move(ledger: Ledger, found: Proposal, actor: Actor, **changes: Any) -> Proposal:
    ledger.connection.execute(update(tables.proposal).where(tables.proposal.c.id == found.id).values(changes))
    return by_number(ledger.connection, found.id, actor)
