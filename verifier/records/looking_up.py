"""The look-up by number and name, for a citizen without a scanner.

It tells how a certificate stands to whoever knows both, and that is all that it confirms: no signature was
seen, so the card that is shown may still be a forged one. What differs, what is unknown and what is
restricted are the same answer, of the same query.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from keys.trust import Contact
from verifier.certificate.lifecycle import ReasonClass, Standing, State, reason_now
from verifier.certificate.verdicts import Reason
from verifier.records.officers import supervision
from verifier.register import tables
from verifier.register.concealed import is_concealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A certificate of that number and name, and how it stands."""

    reason: Reason
    number: str
    name: str
    agency: str
    area: str
    categories: tuple[str, ...]
    issuer: str
    issuer_name: str
    since: int | None
    """From when on it is suspended or void."""
    until: int | None
    """The end of its suspension."""
    complaint: Contact


def look_up(connection: Connection, *, number: str, name: str, now: int) -> tuple[Found, ...]:
    """Find certificates by number and name, both of them whole.

    Args:
        connection: an open connection.
        number: the certificate's number.
        name: the holder's name, tidied.
        now: the time.

    Returns:
        Of each issuer that has such a certificate, the one in force, else the last.
    """
    certificate = tables.certificate.c
    rows = connection.execute(
        select(tables.certificate, tables.authority.c.name.label("issuer_name"))
        .join(tables.authority)
        .where(certificate.number == number, certificate.holder == name, ~certificate.restricted)
        .where(~is_concealed())
        .order_by(certificate.issuer, certificate.state == int(State.REVOKED), certificate.id.desc())
    ).all()
    first = {row.issuer: row for row in reversed(rows)}
    return tuple(_found(connection, first[issuer], now) for issuer in sorted(first))


def _found(connection: Connection, row: Row[Any], now: int) -> Found:
    standing = Standing(
        state=State(row.state), since=row.since, until=row.until, reason=ReasonClass(row.reason)
    )
    reason = reason_now(standing, valid_from=row.valid_from, valid_until=row.valid_until, now=now)
    return Found(
        reason=reason,
        number=row.number,
        name=row.holder,
        agency=row.agency,
        area=row.area,
        categories=tuple(json.loads(row.categories)),
        issuer=row.issuer,
        issuer_name=row.issuer_name,
        since=row.since if reason in _DATED else None,
        until=row.until if reason is Reason.SUSPENDED else None,
        complaint=supervision(connection, row.issuer, row.agency),
    )


_DATED = frozenset({Reason.SUSPENDED, Reason.WITHDRAWN, Reason.CANCELLED, Reason.LOST, Reason.REPLACED})
