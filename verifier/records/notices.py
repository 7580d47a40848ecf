"""The public notices: what became void, for as long as a notice stands.

Loss (IM-2023 Art 19; XJ-2022 Art 15), withdrawal, cancellation after a clean-up (NM-2022 2(3)), replacement
(NM-2022 3(2); XJ-GGJ-2022 2(8)). They are read from the events; why something happened is not among what is
read. A name is given where the officer list had it just before.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, or_, select, text, tuple_

from verifier.certificate.jurisdictions import Words
from verifier.certificate.lifecycle import EXPIRY, Event
from verifier.records.requests import NoticeMark
from verifier.register import tables

NOTICE_SECONDS: Final = 30 * 86_400
"""How long a notice stands (IM-2023 Art 19); XJ-2022 gives no length."""

KINDS: Final[Mapping[str, Words]] = {
    "lost": Words(zh="遗失作废", en="Reported lost, void"),
    "withdrawn": Words(zh="撤销", en="Withdrawn"),
    "cancelled": Words(zh="注销", en="Cancelled"),
    "replaced": Words(zh="换发，原证作废", en="Replaced, this one is void"),
}
_REVERSED: Final = "review_reversed"
_SUSPENDED: Final = Event.SUSPENDED.value
_STANDING: Final = (Event.ISSUED.value, _SUSPENDED, Event.REINSTATED.value, _REVERSED, *KINDS)
"""The events that decide how a certificate stands."""

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
    query = _standing(now).order_by(_event.time.desc(), _event.id.desc()).limit(size + 1)
    if after is not None:
        query = query.where(_event.time <= after.time, _later_than(connection, after, now))
    rows = connection.execute(query).all()
    shown = tuple(map(_notice, rows[:size]))
    return Notices(notices=shown, after=shown[-1].mark if len(rows) > size else None)


def _standing(now: int) -> Select[Any]:
    """Select the notices that stand, with the standing that each certificate had before."""
    before = tables.event.alias("before")
    last = (
        select(before.c.id)
        .where(
            before.c.certificate == _event.certificate,
            before.c.id < _event.id,
            before.c.event.in_(_STANDING),
        )
        .order_by(before.c.id.desc())
        .limit(1)
        .correlate(tables.event)
        .scalar_subquery()
    )
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
        .where(text(_qualified(tables.NOTIFIED)), _event.time > now - NOTICE_SECONDS, _event.time <= now)
        .where(or_(_event.event != Event.CANCELLED.value, _event.reason != EXPIRY))
        .where(~_certificate.restricted, ~_reversed(), ~_restricted_since())
    )


def _qualified(condition: str) -> str:
    return f"event.{condition}"


def _reversed() -> ColumnElement[bool]:
    """Tell whether a review took the event back: its notice goes with it (IM-2023 Art 24)."""
    later = tables.event.alias("later")
    return exists().where(
        later.c.certificate == _event.certificate, later.c.id > _event.id, later.c.event == _REVERSED
    )


def _restricted_since() -> ColumnElement[bool]:
    """Tell whether the officer's certificate is a restricted one by now: no notice may name its holder."""
    other = tables.certificate.alias("other")
    # PLACE FOR `certificate.replaces`: also any certificate that replaces this one, and so on.
    return exists().where(
        other.c.number == _certificate.number, other.c.issuer == _certificate.issuer, other.c.restricted
    )


def _later_than(connection: Connection, after: NoticeMark, now: int) -> ColumnElement[bool]:
    """Give the condition for what comes after a notice; a mark of none tells nothing but its time."""
    marked = connection.scalar(
        _standing(now)
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
        return _event.time < after.time
    return and_(tuple_(_event.time, _event.id) < (after.time, marked))


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        kind=row.event,
        number=row.number,
        name=row.holder if _was_listed(row) else None,
        agency=row.agency,
        categories=tuple(json.loads(row.categories)),
        issuer=row.issuer,
        issuer_name=row.issuer_name,
        published=row.time,
        until=row.time + NOTICE_SECONDS,
    )


def _was_listed(row: Row[Any]) -> bool:
    if row.before in KINDS or not row.valid_from <= row.time < row.valid_until:
        return False
    ended = row.before_until is not None and row.before_until <= row.time
    return row.before != _SUSPENDED or ended
