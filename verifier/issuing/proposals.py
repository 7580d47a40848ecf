"""What agencies ask for, reviewed level by level, decided by the issuer (IM-2023 Art 12, 13; XJ-2022 Art 11).

The steps are laid down when something is proposed: from the justice department of the agency's own level up
to the issuer, whose approval puts the certificate in force in the same transaction. What could not be issued
is refused at once: it is tried, and taken back.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, insert, select, update

from verifier.certificate.cose import Signer
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import Jurisdiction, Level, jurisdiction_of, level_of
from verifier.certificate.lifecycle import NotEntitledError
from verifier.certificate.model import Kind
from verifier.certificate.working_days import add_working_days
from verifier.issuing.issuance import Order, issue, require_issuable, stated_agency, terms_of
from verifier.issuing.replacement import Change, substitute
from verifier.register import authorities, tables
from verifier.register.actors import Actor, Place, agency_area, place_of
from verifier.register.certificates import by_id, examine
from verifier.register.errors import NotFoundError
from verifier.register.ledger import Ledger, Registered

MOST_WHY: Final = 400
"""Characters of the words that go with a decision."""
TRANSFER: Final = "transfer"


class ProposalError(LiangzhengError, ValueError):
    """A proposal cannot be made, or not decided now. `rule` names the article where one says so."""

    def __init__(self, why: str, rule: str | None = None) -> None:
        super().__init__(f"{why} ({rule})" if rule else why)
        self.rule = rule


class Action(StrEnum):
    """What is asked for."""

    ISSUE = "issue"
    REPLACE = "replace"
    REISSUE = "reissue"


class ProposalState(StrEnum):
    """What became of it."""

    OPEN = "open"
    ISSUED = "issued"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an agency asks for: an order, or a change of the certificate of that number."""

    action: Action
    number: str
    order: Order | None = None
    change: Change | None = None
    reason: str = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One level's review; the issuer's decision is the last."""

    authority: str
    rule: str
    time: int | None
    actor: str | None
    decision: str | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal with its steps. Times are seconds since 1970."""

    id: int
    issuer: str
    agency: str
    time: int
    due: int | None
    state: ProposalState
    step: int
    """The position of the step that is next to be decided."""
    wish: Wish
    steps: tuple[Step, ...]
    certificate: int | None

    @property
    def rule(self) -> str:
        """The article of the step that is next, or was last."""
        return self.steps[min(self.step, len(self.steps) - 1)].rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What it takes to issue.

    Attributes:
        signer_of: opens the key of an issuer for a kind.
        base_url: where scans are answered.
    """

    signer_of: Callable[[str, Kind], Signer]
    base_url: str


_WISH: Final = TypeAdapter(Wish)


def propose(
    ledger: Ledger, wishes: Sequence[Wish], *, means: Means, actor: Actor, now: int
) -> list[Proposal]:
    """Enter what an agency asks for: all of it or nothing.

    Raises:
        NotEntitledError: not an agency, or not for its own certificates.
        ProposalError: the same is proposed already, or a level of the path is not in the register.
        LiangzhengError: whatever would keep the certificate from being issued.
    """
    if actor.authority is None or actor.agency is None:
        raise NotEntitledError("proposals are made by agencies")
    return [_propose(ledger, wish, means=means, actor=actor, now=now) for wish in wishes]


def _propose(ledger: Ledger, wish: Wish, *, means: Means, actor: Actor, now: int) -> Proposal:
    connection, issuer, agency = ledger.connection, actor.authority, actor.agency
    assert issuer is not None
    assert agency is not None
    place = place_of(connection, issuer)
    rules = jurisdiction_of(place.area)
    _require_own(ledger, wish, issuer, agency, rules)
    _require_single(connection, issuer, wish.number)
    area = agency_area(connection, place, agency)
    path = _path(connection, place, area, rules)
    _try_out(ledger, wish, issuer, means, now)
    ledger.flush()
    days, rule = rules.proposals.working_days, rules.proposals.rule
    row = connection.execute(
        insert(tables.proposal).values(
            issuer=issuer,
            agency=agency,
            area=area,
            action=wish.action.value,
            number=wish.number,
            kind=int(wish.order.kind if wish.order else Kind.ENFORCEMENT),
            content=_WISH.dump_json(wish).decode(),
            time=now,
            actor=actor.name,
            due=add_working_days(now, days) if days else None,
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
    return by_number(connection, row[0], actor)


def decide(
    ledger: Ledger,
    proposal: int,
    *,
    approve: bool,
    why: str | None,
    means: Means,
    actor: Actor,
    now: int,
) -> Proposal:
    """Decide the step that is next; the issuer's approval issues.

    Args:
        ledger: the open batch.
        proposal: its id.
        approve: else it is refused, for good.
        why: at most `MOST_WHY` characters; needed to refuse.
        means: what it takes to issue.
        actor: the authority of the step.
        now: when.

    Raises:
        NotFoundError: there is none, or it is none of the actor's business.
        NotEntitledError: it is another authority's turn; names the article.
        ProposalError: it was decided or taken back already, or refused without a word.
        LiangzhengError: whatever keeps the certificate from being issued.
    """
    found = by_number(ledger.connection, proposal, actor)
    _require_open(found)
    step = found.steps[found.step]
    if actor.agency is not None or actor.authority not in {None, step.authority}:
        raise NotEntitledError(f"it is for {step.authority} to decide now", step.rule)
    if not approve and not why:
        raise ProposalError("say why it is refused", step.rule)
    columns = tables.step.c
    ledger.connection.execute(
        update(tables.step)
        .where(columns.proposal == found.id, columns.position == found.step)
        .values(time=now, actor=actor.name, decision="approved" if approve else "refused", why=why)
    )
    if not approve:
        return _move(ledger, found, actor, state=ProposalState.REFUSED)
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


def by_number(connection: Connection, proposal: int, actor: Actor) -> Proposal:
    """Give a proposal.

    Raises:
        NotFoundError: there is none, or it is none of the actor's business.
    """
    row = connection.execute(select(tables.proposal).where(tables.proposal.c.id == proposal)).first()
    found = _proposal(connection, row) if row is not None else None
    if found is None or not _concerns(found, actor):
        raise NotFoundError(f"no proposal {proposal}")
    return found


def listed(
    connection: Connection, actor: Actor, *, state: ProposalState | None, after: int, limit: int
) -> list[Proposal]:
    """Give the proposals that concern an actor, the oldest first.

    Args:
        connection: an open connection.
        actor: the agency that made them, or an authority of their path.
        state: only these; None: all.
        after: only those with a higher id.
        limit: how many at most.
    """
    columns, query = tables.proposal.c, select(tables.proposal)
    if actor.agency is not None:
        query = query.where(columns.issuer == actor.authority, columns.agency == actor.agency)
    elif actor.authority is not None:
        concerned = select(tables.step.c.proposal).where(tables.step.c.authority == actor.authority)
        query = query.where(columns.id.in_(concerned))
    if state is not None:
        query = query.where(columns.state == state.value)
    rows = connection.execute(query.where(columns.id > after).order_by(columns.id).limit(limit)).all()
    return [_proposal(connection, row) for row in rows]


def _require_own(ledger: Ledger, wish: Wish, issuer: str, agency: str, rules: Jurisdiction) -> None:
    """Refuse what is not the agency's own; a transfer is asked for by the new one (IM-2023 Art 18)."""
    if wish.order is not None:
        if stated_agency(wish.order) != agency:
            raise NotEntitledError("an agency proposes its own officers", rules.proposals.rule)
        return
    assert wish.change is not None
    old = examine(ledger, wish.number, issuer=issuer).certificate
    new = wish.change.agency or old.agency
    if new != agency or (old.agency != agency and wish.reason != TRANSFER):
        raise NotFoundError(f"no certificate {wish.number} of yours")


def _require_single(connection: Connection, issuer: str, number: str) -> None:
    columns = tables.proposal.c
    other = connection.scalar(
        select(columns.id).where(
            columns.issuer == issuer, columns.number == number, columns.state == ProposalState.OPEN.value
        )
    )
    if other is not None:
        raise ProposalError(f"proposal {other} for number {number} is open already")


def _path(connection: Connection, issuer: Place, area: str, rules: Jurisdiction) -> list[str]:
    """Give the authorities that review, in their order, the issuer last."""
    order = rules.proposals.order
    levels = order[order.index(level_of(area)) : order.index(issuer.level)]
    return [_authority(connection, area, level, rules) for level in levels] + [issuer.code]


def _authority(connection: Connection, area: str, level: Level, rules: Jurisdiction) -> str:
    outer = area[: {"region": 2, "prefecture": 4, "county": 6}[level]].ljust(6, "0")
    columns = tables.authority.c
    code = connection.scalar(select(columns.code).where(columns.area == outer).order_by(columns.code))
    if code is None:
        raise ProposalError(f"the register knows no {level} authority of area {outer}", rules.proposals.rule)
    return str(code)


class _TakenBackError(LiangzhengError):
    """What was tried is not to stay."""


def _try_out(ledger: Ledger, wish: Wish, issuer: str, means: Means, now: int) -> None:
    with suppress(_TakenBackError), ledger.apart():
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
    order, authority = wish.order, authorities.issuer_of(ledger.connection, issuer)
    if order.kind is not Kind.MINISTRY:
        jurisdiction_of(authority.area, order.categories).require_number(order.number)
    terms = terms_of(authority, means.base_url, valid_from=now)
    require_issuable(order, terms)
    signer = means.signer_of(issuer, order.kind)
    (new,) = issue(ledger, [order], terms=terms, signer=signer, actor=actor, now=now)
    ledger.flush()
    return by_id(ledger.connection, new)


def _require_open(found: Proposal) -> None:
    if found.state is not ProposalState.OPEN:
        raise ProposalError(f"the proposal was {found.state} already", found.rule)


def _move(ledger: Ledger, found: Proposal, actor: Actor, **changes: Any) -> Proposal:
    ledger.connection.execute(update(tables.proposal).where(tables.proposal.c.id == found.id).values(changes))
    return by_number(ledger.connection, found.id, actor)


def _concerns(found: Proposal, actor: Actor) -> bool:
    if actor.authority is None:
        return True
    if actor.agency is not None:
        return (found.issuer, found.agency) == (actor.authority, actor.agency)
    return any(step.authority == actor.authority for step in found.steps)


def _proposal(connection: Connection, row: Row[Any]) -> Proposal:
    columns = tables.step.c
    steps = connection.execute(
        select(tables.step).where(columns.proposal == row.id).order_by(columns.position)
    ).all()
    return Proposal(
        id=row.id,
        issuer=row.issuer,
        agency=row.agency,
        time=row.time,
        due=row.due,
        state=ProposalState(row.state),
        step=row.step,
        wish=_WISH.validate_json(row.content),
        steps=tuple(
            Step(
                authority=step.authority,
                rule=step.rule,
                time=step.time,
                actor=step.actor,
                decision=step.decision,
                why=step.why,
            )
            for step in steps
        ),
        certificate=row.certificate,
    )
