"""Proposals as they are kept, and who may read them: the agency that made one, the authorities of its path.

What the certificate shall state, and what the register alone shall know of its holder, is in `content`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, select

from verifier.issuing.issuance import Order
from verifier.issuing.replacement import Change
from verifier.register import tables
from verifier.register.actors import Actor
from verifier.register.errors import NotFoundError


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
    """The article that gives the step to this level; of a refusal, the one that it rests on."""
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


_WISH: Final = TypeAdapter(Wish)


def content_of(wish: Wish) -> str:
    """Give a wish as it is kept."""
    return _WISH.dump_json(wish).decode()


def wish_of(content: str) -> Wish:
    """Give back a wish that was kept."""
    return _WISH.validate_json(content)


def by_number(connection: Connection, proposal: int, actor: Actor) -> Proposal:
    """Give a proposal.

    Raises:
        NotFoundError: there is none, or it is none of the actor's business.
    """
    rows = connection.execute(select(tables.proposal).where(tables.proposal.c.id == proposal)).all()
    found = _with_steps(connection, rows)
    if not found or not _concerns(found[0], actor):
        raise NotFoundError(f"no proposal {proposal}")
    return found[0]


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
    columns, steps, query = tables.proposal.c, tables.step.c, select(tables.proposal)
    if actor.agency is not None:
        query = query.where(columns.issuer == actor.authority, columns.agency == actor.agency)
    elif actor.authority is not None:
        own = select(steps.proposal).where(steps.authority == actor.authority, steps.proposal > after)
        query = query.where(columns.id.in_(own))
    if state is not None:
        query = query.where(columns.state == state.value)
    rows = connection.execute(query.where(columns.id > after).order_by(columns.id).limit(limit)).all()
    return _with_steps(connection, rows)


def _concerns(found: Proposal, actor: Actor) -> bool:
    if actor.authority is None:
        return True
    if actor.agency is not None:
        return (found.issuer, found.agency) == (actor.authority, actor.agency)
    return any(step.authority == actor.authority for step in found.steps)


def _with_steps(connection: Connection, rows: Sequence[Row[Any]]) -> list[Proposal]:
    columns = tables.step.c
    query = select(tables.step).where(columns.proposal.in_([row.id for row in rows]))
    steps = connection.execute(query.order_by(columns.proposal, columns.position)).all()
    of_each = {of: list(those) for of, those in groupby(steps, lambda step: step.proposal)}
    return [_proposal(row, of_each[row.id]) for row in rows]


def _proposal(row: Row[Any], steps: list[Row[Any]]) -> Proposal:
    return Proposal(
        id=row.id,
        issuer=row.issuer,
        agency=row.agency,
        time=row.time,
        due=row.due,
        state=ProposalState(row.state),
        step=row.step,
        wish=wish_of(row.content),
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
