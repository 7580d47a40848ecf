"""The change feed: what happened to certificates, in order, for other platforms (XJ-EM-2020 Art 14).

A client reads on from a sequence: the id of the last event that it knows. Ids have no gaps and are
committed in their order, since one writer at a time holds the register: so what was read once as the end
stays behind the reader, and nothing appears there later.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, exists, func, or_, select

from verifier.certificate.dates import iso
from verifier.certificate.lifecycle import ReasonClass, Standing, State, reason_now
from verifier.certificate.model import Kind
from verifier.certificate.verdicts import Reason
from verifier.register import tables
from verifier.register.actors import Actor, visible

LARGEST_PAGE: Final = 1_000
"""Changes of one page."""
_MOST_READ: Final = 10_000
"""Events that are looked at for one page: most may be none of the client's business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that happened to a certificate, and how that stands now. Times in seconds since 1970.

    A restricted certificate is told of with its number, issuer, kind and standing alone.
    """

    id: int
    event: str
    time: int
    number: str
    issuer: str
    kind: Kind
    reason: Reason
    """How the certificate stands now, in public words; no private reason."""
    suspended_until: int | None
    restricted: bool
    agency: str | None
    categories: tuple[str, ...]
    area: str | None
    valid_until: int | None
    replaces: str | None
    """The number of the certificate that it was issued in place of."""

    def as_json(self) -> dict[str, Any]:
        """Give what programs are told of it."""
        facts = {
            "agency": self.agency,
            "categories": self.categories,
            "area": self.area,
            "valid_until": None if self.valid_until is None else iso(self.valid_until),
            "replaces": self.replaces,
        }
        return {
            "id": self.id,
            "event": self.event,
            "time": iso(self.time),
            "number": self.number,
            "issuer": self.issuer,
            "kind": self.kind.name.lower(),
            "verdict": self.reason.verdict,
            "reason": self.reason,
            "suspended_until": None if self.suspended_until is None else iso(self.suspended_until),
            "restricted": self.restricted,
            **({} if self.restricted else facts),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of the feed.

    Attributes:
        next: where to go on: all up to this was told, or is none of the reader's business.
        more: whether there was more at once.
    """

    changes: list[Change]
    next: int
    more: bool

    def as_json(self) -> dict[str, Any]:
        """Give it as the feed answers it and as webhooks send it."""
        return {
            "changes": [change.as_json() for change in self.changes],
            "next": self.next,
            "more": self.more,
        }


def newest(connection: Connection) -> int:
    """Give the id of the last event; 0 for none."""
    return connection.scalar(select(func.max(tables.event.c.id))) or 0


def changes(
    connection: Connection, actor: Actor, *, after: int, now: int, limit: int = 100, up_to: int | None = None
) -> Page:
    """Give what happened after an event, of all that is the actor's business.

    Args:
        connection: an open connection.
        actor: who asks.
        after: the `next` of the page before; 0: from the start.
        now: the time at which the certificates' standing is told.
        limit: how many at most, 1 to `LARGEST_PAGE`.
        up_to: no later event than this.

    Raises:
        NotFoundError: the register does not know the actor's authority.
    """
    assert 1 <= limit <= LARGEST_PAGE, "checked at the edge"
    last = newest(connection)
    end = min(last, after + _MOST_READ, last if up_to is None else up_to)
    event = tables.event.c
    rows = connection.execute(
        _FEED.where(event.id > after, event.id <= end, visible(connection, actor)).limit(limit)
    ).all()
    reached = rows[-1].event_id if len(rows) == limit else max(after, end)
    return Page(changes=[_change(row, now) for row in rows], next=reached, more=reached < last)


def _change(row: Row[Any], now: int) -> Change:
    standing = Standing(
        state=State(row.state), since=row.since, until=row.until, reason=ReasonClass(row.reason)
    )
    reason = reason_now(standing, valid_from=row.valid_from, valid_until=row.valid_until, now=now)
    hidden = row.is_hidden
    return Change(
        id=row.event_id,
        event=row.event,
        time=row.time,
        number=row.number,
        issuer=row.issuer,
        kind=Kind(row.kind),
        reason=reason,
        suspended_until=standing.until if reason is Reason.SUSPENDED else None,
        restricted=hidden,
        agency=None if hidden else row.agency,
        categories=() if hidden else tuple(json.loads(row.categories)),
        area=None if hidden else row.area,
        valid_until=None if hidden else row.valid_until,
        replaces=None if hidden else row.predecessor,
    )


def _feed() -> Any:
    event, columns = tables.event.c, tables.certificate.c
    before, other = tables.certificate.alias("before"), tables.certificate.alias("other")
    # What was made restricted later is restricted for whoever reads of it now, under every earlier code.
    same = or_(other.c.number == columns.number, other.c.replaces == columns.id)
    hidden = or_(
        columns.restricted, exists().where(other.c.issuer == columns.issuer, same, other.c.restricted)
    )
    return (
        select(
            event.id.label("event_id"),
            event.event,
            event.time,
            columns.number,
            columns.issuer,
            columns.kind,
            columns.agency,
            columns.categories,
            columns.area,
            columns.valid_from,
            columns.valid_until,
            columns.state,
            columns.since,
            columns.until,
            columns.reason,
            hidden.label("is_hidden"),
            before.c.number.label("predecessor"),
        )
        .join_from(tables.event, tables.certificate, event.certificate == columns.id)
        .outerjoin(before, and_(before.c.id == columns.replaces, before.c.restricted.is_(False)))
        .order_by(event.id)
    )


_FEED: Final = _feed()
