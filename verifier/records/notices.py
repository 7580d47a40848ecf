"""The public notices: what became void, for as long as a notice stands.

Loss (IM-2023 Art 19; XJ-2022 Art 15), withdrawal, cancellation after a clean-up (NM-2022 2(3)), replacement
(NM-2022 3(2); XJ-GGJ-2022 2(8)). They are read from the events; why something happened is not among what is
read. A name is given where the officer list had it just before.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    case,
    exists,
    or_,
    select,
    text,
    tuple_,
)

from verifier.certificate.jurisdictions import Words, jurisdiction_of
from verifier.certificate.lifecycle import EXPIRY, Event
from verifier.records.requests import NoticeMark
from verifier.register import tables
from verifier.register.concealed import is_concealed

KINDS: Final[Mapping[str, Words]] = {
    "lost": Words(zh="遗失作废", en="Reported lost, void"),
    "withdrawn": Words(zh="撤销", en="Withdrawn"),
    "cancelled": Words(zh="注销", en="Cancelled"),
    "replaced": Words(zh="换发，原证作废", en="Replaced, this one is void"),
}
_STANDING: Final = (Event.ISSUED, Event.FILED, Event.SUSPENDED, Event.REINSTATED, *KINDS)
"""The events that decide how a certificate stands."""
_DAY: Final = 86_400

_event: Final = tables.event.c
_certificate: Final = tables.certificate.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the public is told of one event."""

    kind: str
    number: str
    name: str | None
    """None where the officer list did not have it either."""
    agency: str
    categories: tuple[str, ...]
    issuer: str
    issuer_name: str
    published: int
    until: int
    """The first second in which the notice no longer stands."""

    @property
    def mark(self) -> str:
        """What names the notice among all, in public facts alone."""
        return f"{self.published},{self.kind},{self.issuer},{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """One page of notices, the newest first."""

    notices: tuple[Notice, ...]
    after: str | None
    """What the next page begins after; None for the last page."""


def notices(connection: Connection, *, after: NoticeMark | None, size: int, now: int) -> Notices:
    """Give one page of the notices that stand.

    Args:
        connection: an open connection.
        after: the last notice of the page before.
        size: entries of a page, at most.
        now: the time.
    """
    days = _notice_days(connection)
    query = _standing(days, now).order_by(_event.time.desc(), _event.id.desc()).limit(size + 1)
    if after is not None:
        query = query.where(_event.time <= after.time, _later_than(connection, after, days, now))
    rows = connection.execute(query).all()
    shown = tuple(_notice(row, days[row.issuer]) for row in rows[:size])
    return Notices(notices=shown, after=shown[-1].mark if len(rows) > size else None)


def _notice_days(connection: Connection) -> dict[str, int]:
    """Give how many days the notices of each issuer stand, as its jurisdiction says."""
    authority = tables.authority.c
    rows = connection.execute(select(authority.code, authority.area))
    return {row.code: jurisdiction_of(row.area).loss.notice_days for row in rows}


def _standing(days: Mapping[str, int], now: int) -> Select[Any]:
    """Select the notices that stand, with what decided how each certificate stood before."""
    before = tables.event.alias("before")
    last = (
        select(before.c.id)
        .where(
            before.c.certificate == _event.certificate,
            before.c.id < _event.id,
            before.c.event.in_(_STANDING),
            ~_is_reversed(before, until=_event.id),
        )
        .order_by(before.c.id.desc())
        .limit(1)
        .correlate(tables.event)
        .scalar_subquery()
    )
    seconds = case({code: each * _DAY for code, each in days.items()}, value=_certificate.issuer, else_=0)
    return (
        select(
            _event.event,
            _event.time,
            _certificate.number,
            _certificate.holder,
            _certificate.agency,
            _certificate.categories,
            _certificate.issuer,
            _certificate.valid_from,
            _certificate.valid_until,
            tables.authority.c.name.label("issuer_name"),
            before.c.event.label("before"),
            before.c.until.label("before_until"),
        )
        .join_from(tables.event, tables.certificate)
        .join(tables.authority)
        .outerjoin(before, before.c.id == last)
        .where(text(f"event.{tables.NOTIFIED}"), _event.time <= now)
        .where(_event.time > now - max(days.values(), default=0) * _DAY, _event.time > now - seconds)
        .where(or_(_event.event != Event.CANCELLED, _event.reason != EXPIRY))
        .where(~_certificate.restricted, ~_is_reversed(tables.event), ~is_concealed())
    )


def _is_reversed(events: FromClause, *, until: ColumnElement[int] | None = None) -> ColumnElement[bool]:
    """Tell whether a review took an event back: its notice goes with it (IM-2023 Art 24)."""
    later = tables.event.alias()
    found = exists().where(
        later.c.certificate == events.c.certificate,
        later.c.id > events.c.id,
        later.c.event == Event.REVIEW_REVERSED,
    )
    if until is not None:
        found = found.where(later.c.id < until)
    return and_(events.c.event.in_((Event.WITHDRAWN, Event.CANCELLED)), found)


def _later_than(
    connection: Connection, after: NoticeMark, days: Mapping[str, int], now: int
) -> ColumnElement[bool]:
    """Give the condition for what comes after a notice.

    A mark of none tells nothing but its time: one that a review took away meanwhile has all of its second
    shown again, rather than some of it never.
    """
    marked = connection.scalar(
        _standing(days, now)
        .with_only_columns(_event.id)
        .where(
            _event.time == after.time,
            _event.event == after.kind,
            _certificate.issuer == after.issuer,
            _certificate.number == after.number,
        )
        .limit(1)
    )
    if marked is None:
        return _event.time <= after.time
    return tuple_(_event.time, _event.id) < (after.time, marked)


def _notice(row: Row[Any], days: int) -> Notice:
    return Notice(
        kind=row.event,
        number=row.number,
        name=row.holder if _was_listed(row) else None,
        agency=row.agency,
        categories=tuple(json.loads(row.categories)),
        issuer=row.issuer,
        issuer_name=row.issuer_name,
        published=row.time,
        until=row.time + days * _DAY,
    )


def _was_listed(row: Row[Any]) -> bool:
    if row.before in KINDS or not row.valid_from <= row.time < row.valid_until:
        return False
    ended = row.before_until is not None and row.before_until <= row.time
    return row.before != Event.SUSPENDED or ended
