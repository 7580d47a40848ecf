"""What is due: one list of deadlines, the oldest first, a page at a time.

Each kind is read from an index that holds nothing else (`tables`), so that a page costs the same in a
register of a thousand certificates and of a million.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    and_,
    exists,
    literal,
    or_,
    select,
    text,
    true,
    tuple_,
)

from verifier.certificate.jurisdictions import jurisdiction_of, jurisdictions
from verifier.register import tables
from verifier.register.actors import Actor, area_within, of_issuers, place_of, visible
from verifier.register.deadlines import ORDER, Deadline, DeadlineKind, Position, Source, is_under, sources_of

LARGEST_PAGE: Final = 1_000
"""Deadlines of one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which deadlines are asked for; None, or nothing, of each: all."""

    kinds: Collection[DeadlineKind] = ()
    issuer: str | None = None
    agency: str | None = None
    until: int | None = None
    """None later than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of the list."""

    deadlines: list[Deadline]
    next: Position | None
    """Where to go on; None: that was all."""


def due(
    connection: Connection,
    actor: Actor,
    wanted: Wanted,
    *,
    now: int,
    after: Position | None = None,
    limit: int = 100,
) -> Page:
    """Give what is due, the oldest first, of all that is the actor's business.

    Args:
        connection: an open connection.
        actor: who asks.
        wanted: which deadlines.
        now: the time.
        after: the `next` of the page before; None: from the start.
        limit: how many at most, 1 to `LARGEST_PAGE`.

    Raises:
        NotFoundError: the register does not know the actor's authority.
    """
    assert 1 <= limit <= LARGEST_PAGE, "checked at the edge"
    lists = [
        _read(connection, source, condition, until=wanted.until, after=after, limit=limit)
        for source, condition in _sources(connection, actor, wanted, now)
    ]
    if not wanted.kinds or DeadlineKind.PROPOSAL in wanted.kinds:
        lists.append(_proposals(connection, actor, wanted, after, limit))
    found = list(islice(merge(*lists, key=lambda deadline: deadline.position), limit + 1))
    return Page(deadlines=found[:limit], next=found[limit - 1].position if len(found) > limit else None)


def _sources(
    connection: Connection, actor: Actor, wanted: Wanted, now: int
) -> Iterator[tuple[Source, ColumnElement[bool]]]:
    """Give each source with the condition that its certificates fulfil."""
    business = visible(connection, actor)
    if wanted.agency is not None:
        business = and_(business, tables.certificate.c.agency == wanted.agency)
    codes = dict[str, list[str]]()
    for code, area in connection.execute(select(tables.authority.c.code, tables.authority.c.area)):
        if wanted.issuer in {None, code}:
            codes.setdefault(area[:2], []).append(code)
    for rules in jurisdictions().values():
        if rules.area in codes:
            condition = and_(of_issuers(codes[rules.area]), is_under(rules), business)
            for source in sources_of(rules, now):
                if not wanted.kinds or source.kind in wanted.kinds:
                    yield source, condition


def _read(
    connection: Connection,
    source: Source,
    condition: ColumnElement[bool],
    *,
    until: int | None,
    after: Position | None,
    limit: int,
) -> list[Deadline]:
    columns, column = tables.certificate.c, source.column
    query = (
        select(columns.id, columns.number, columns.issuer, columns.agency, column.label("since"))
        .where(
            text(source.part),
            column.is_not(None),
            true() if source.further is None else source.further,
            condition,
        )
        .order_by(column, columns.id)
        .limit(limit + 1)
    )
    if source.above is not None:
        query = query.where(column > source.above)
    if source.up_to is not None:
        query = query.where(column <= source.up_to)
    if until is not None:
        query = query.where(column <= until - source.shift)
    if after is not None:
        query = query.where(_beyond(after, source.kind, column, columns.id, source.shift))
    return [_deadline(source, row) for row in connection.execute(query)]


def _beyond(
    after: Position, kind: DeadlineKind, column: Column[int], row: Column[int], shift: int = 0
) -> ColumnElement[bool]:
    """Give the condition that a row of this kind stands beyond a position."""
    at = after.when - shift
    if ORDER[kind] == after.kind:
        return tuple_(column, row) > tuple_(literal(at), literal(after.row))
    return column >= at if ORDER[kind] > after.kind else column > at


def _deadline(source: Source, row: Row[Any]) -> Deadline:
    when = row.since + source.shift
    return Deadline(
        kind=source.kind,
        number=row.number,
        issuer=row.issuer,
        agency=row.agency,
        when=when,
        rule=source.rule,
        note=source.note,
        position=Position(when, ORDER[source.kind], row.id),
    )


def _proposals(
    connection: Connection, actor: Actor, wanted: Wanted, after: Position | None, limit: int
) -> list[Deadline]:
    """Give the open proposals whose levels have a number of days (XJ-2022 Art 12)."""
    columns, kind = tables.proposal.c, DeadlineKind.PROPOSAL
    known = tables.certificate.c
    restricted = exists().where(
        known.number == columns.number, known.issuer == columns.issuer, known.restricted
    )
    query = (
        select(tables.proposal, tables.authority.c.area.label("region"), restricted.label("is_restricted"))
        .join_from(tables.proposal, tables.authority, tables.authority.c.code == columns.issuer)
        .where(columns.state == "open", columns.due.is_not(None))
        .order_by(columns.due, columns.id)
        .limit(limit + 1)
    )
    if actor.agency is not None:
        query = query.where(columns.issuer == actor.authority, columns.agency == actor.agency)
    elif actor.authority is not None:
        within = area_within(columns.area, place_of(connection, actor.authority).area)
        query = query.where(or_(columns.issuer == actor.authority, within))
    for column, value in ((columns.issuer, wanted.issuer), (columns.agency, wanted.agency)):
        if value is not None:
            query = query.where(column == value)
    if wanted.until is not None:
        query = query.where(columns.due <= wanted.until)
    if after is not None:
        query = query.where(_beyond(after, kind, columns.due, columns.id))
    return [_proposed(row) for row in connection.execute(query)]


def _proposed(row: Row[Any]) -> Deadline:
    wish = json.loads(row.content)
    asked = [wish[part] for part in ("order", "change") if wish.get(part)]
    hidden = row.is_restricted or any(each.get("restricted") for each in asked)
    categories = [name for each in asked for name in each.get("categories") or ()]
    proposals = jurisdiction_of(row.region, categories).proposals
    return Deadline(
        kind=DeadlineKind.PROPOSAL,
        number=row.number,
        issuer=row.issuer,
        agency=None if hidden else row.agency,
        when=row.due,
        rule=proposals.deadline_rule or proposals.rule,
        position=Position(row.due, ORDER[DeadlineKind.PROPOSAL], row.id),
    )
