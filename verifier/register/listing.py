"""Many certificates at once: those of a table's numbers, and those of an export, row by row.

Invariant: no restricted certificate is exported, nor one that a restricted one came in place of.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, func, or_, select, text

from verifier.certificate.lifecycle import FIRST, Event, State
from verifier.register import tables
from verifier.register.certificates import WITH_CODE, particulars, registered
from verifier.register.concealed import is_concealed
from verifier.register.ledger import Particulars, Registered


def by_numbers(
    connection: Connection, issuer: str, numbers: Sequence[str]
) -> Mapping[str, tuple[Registered, Particulars]]:
    """Find an issuer's certificates by their numbers, each as `certificates.find` would.

    Args:
        connection: an open connection.
        issuer: the issuer's code.
        numbers: at most some hundred.

    Returns:
        What there is, by number.
    """
    columns = tables.certificate.c
    query = (
        WITH_CODE.where(columns.number.in_(numbers), columns.issuer == issuer)
        # The last one of a number counts: the one in force, else the newest.
        .order_by(columns.state != int(State.REVOKED), columns.id)
    )
    found = {row.certificate_number: registered(row) for row in connection.execute(query)}
    known = {one.id: one.certificate.number for one in found.values()}
    private = select(tables.particulars).where(tables.particulars.c.certificate.in_(known))
    return {
        known[row.certificate]: (found[known[row.certificate]], particulars(row))
        for row in connection.execute(private)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which certificates are exported."""

    issuer: str
    agency: str | None = None
    """Only those of this agency."""
    since: int | None = None
    """Only what happened from this second on."""
    now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One certificate of an export."""

    number: str
    holder: str
    agency: str
    categories: tuple[str, ...]
    area: str
    particulars: Particulars = field(default_factory=Particulars, repr=False)
    event: str | None = field(default=None, repr=False)
    """What ended it."""
    reason: str | None = field(default=None, repr=False)
    """Why: the reason code. It may be private."""


_YIELD: Final = 1_000
_certificate: Final = tables.certificate.c
_event: Final = tables.event.c
_FACTS: Final = (
    _certificate.number,
    _certificate.holder,
    _certificate.agency,
    _certificate.categories,
    _certificate.area,
)
_PRIVATE: Final = (*_FACTS, *tables.particulars.c)
_ENDING: Final = or_(
    _event.event.in_([Event.CANCELLED, Event.LOST]),
    and_(_event.event == Event.REPLACED, _event.reason == "data"),
)


def in_force(connection: Connection, selection: Selection) -> Iterator[Entry]:
    """Give what the public officer list names (XJ-GGJ-2022 annex 2), by number; without what is private."""
    query = select(*_FACTS).where(
        text(tables.LISTED),
        _certificate.valid_from <= selection.now,
        _certificate.valid_until > selection.now,
        or_(_certificate.state != int(State.SUSPENDED), _certificate.until <= selection.now),
    )
    if selection.since is not None:
        query = _first_events(query, selection.since)
    for row in _rows(connection, query, selection):
        yield _entry(row)


def issued(connection: Connection, selection: Selection, *, in_place: bool) -> Iterator[Entry]:
    """Give certificates that are not void, by number, with what is private.

    Args:
        connection: an open connection.
        selection: since when they were issued, and whose.
        in_place: those that came in place of others; else those that did not.
    """
    query = (
        select(*_PRIVATE)
        .join_from(tables.certificate, tables.particulars)
        .where(text(tables.LISTED), _certificate.replaces.is_not(None) == in_place, ~is_concealed())
    )
    if selection.since is not None:
        query = _first_events(query, selection.since)
    for row in _rows(connection, query, selection):
        yield _entry(row, private=True)


def ended(connection: Connection, selection: Selection) -> Iterator[Entry]:
    """Give what a clean-up ends: cancelled, lost, or replaced for wrong data; with what is private."""
    last = select(func.max(_event.id)).where(_event.certificate == _certificate.id, _ENDING)
    query = (
        select(*_PRIVATE, _event.event.label("happened"), _event.reason.label("why"))
        .join_from(tables.certificate, tables.particulars)
        .join(tables.event, _event.certificate == _certificate.id)
        .where(
            _certificate.state == int(State.REVOKED),
            ~_certificate.restricted,
            ~is_concealed(),
            _ENDING,
            _event.id == last.correlate(tables.certificate).scalar_subquery(),
        )
    )
    if selection.since is not None:
        query = query.where(_event.time >= selection.since)
    for row in _rows(connection, query, selection):
        yield _entry(row, private=True, event=row.happened, reason=row.why)


def _first_events(query: Select[Any], since: int) -> Select[Any]:
    return query.join(tables.event, _event.certificate == _certificate.id).where(
        _event.event.in_(FIRST), _event.time >= since
    )


def _rows(connection: Connection, query: Select[Any], selection: Selection) -> Iterator[Row[Any]]:
    query = query.where(_certificate.issuer == selection.issuer)
    if selection.agency is not None:
        query = query.where(_certificate.agency == selection.agency)
    ordered = query.order_by(_certificate.number, _certificate.id)
    yield from connection.execution_options(yield_per=_YIELD).execute(ordered)


def _entry(
    row: Row[Any], *, private: bool = False, event: str | None = None, reason: str | None = None
) -> Entry:
    return Entry(
        number=row.number,
        holder=row.holder,
        agency=row.agency,
        categories=tuple(json.loads(row.categories)),
        area=row.area,
        particulars=particulars(row) if private else Particulars(),
        event=event,
        reason=reason,
    )
