"""The public officer list: name, area, category, number, by agency (XJ-GGJ-2022 annex 2; IM-2023 Art 9).

Listed is who may act on the certificate at this moment. Whoever is restricted, suspended, void, expired or
not yet in force is not in the list and leaves no gap in it: a page begins after a public name or number, by
comparison, so that what is not listed cannot be walked to.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select, text, tuple_

from keys.trust import Contact
from verifier.certificate.lifecycle import State
from verifier.register import tables

_BEYOND: Final = "\U0010ffff"
"""Sorts after every character that a text may carry."""
_NUMBER: Final = re.compile(r"[0-9A-Za-z-]*[0-9][0-9A-Za-z-]*", re.ASCII)
_certificate: Final = tables.certificate.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """One line of the list, and nothing else."""

    name: str
    area: str
    categories: tuple[str, ...]
    number: str
    agency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Officers:
    """One page of the list."""

    officers: tuple[Officer, ...]
    after: tuple[str, ...] | None
    """What the next page begins after: number, and name in a search by name; None for the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An agency with how many officers are listed."""

    issuer: str
    name: str
    officers: int


def agencies(connection: Connection, now: int) -> tuple[Agency, ...]:
    """Count the listed officers of each agency, from an index alone: a quarter of a second for a million."""
    query = (
        select(_certificate.issuer, _certificate.agency, func.count())
        .where(_listed(now))
        .group_by(_certificate.issuer, _certificate.agency)
        .order_by(_certificate.issuer, _certificate.agency)
    )
    return tuple(
        Agency(issuer=issuer, name=name, officers=officers)
        for issuer, name, officers in connection.execute(query)
    )


def officers(
    connection: Connection,
    *,
    issuer: str,
    agency: str | None,
    begins: str | None,
    after: tuple[str, ...] | None,
    size: int,
    now: int,
) -> Officers:
    """Give one page of the officers of an agency, or of a search in it or over its whole issuer.

    Args:
        connection: an open connection.
        issuer: the issuer's code.
        agency: the agency's name; None only in a search.
        begins: what the officers' names, or numbers if it holds a digit, begin with. Beginnings, since only
            they are found by an index in any script; a Chinese name begins with the surname.
        after: what the page before ended with.
        size: entries of a page, at most.
        now: the time at which one must be listed.
    """
    by_name = begins is not None and not _NUMBER.fullmatch(begins)
    order = [_certificate.holder, _certificate.number] if by_name else [_certificate.number]
    query = (
        select(
            _certificate.holder,
            _certificate.area,
            _certificate.categories,
            _certificate.number,
            _certificate.agency,
        )
        .where(_certificate.issuer == issuer, _listed(now))
        .order_by(*order)
        .limit(size + 1)
    )
    if agency is not None:
        query = query.where(_certificate.agency == agency)
    if begins is not None:
        query = query.where(order[0] >= begins, order[0] < begins + _BEYOND)
    rows = connection.execute(_beginning(query, order, after)).all()
    shown = tuple(map(_officer, rows[:size]))
    return Officers(officers=shown, after=_end(shown, by_name=by_name) if len(rows) > size else None)


def supervision(connection: Connection, issuer: str, agency: str) -> Contact:
    """Give where to complain about an agency: its supervising body, or its issuer's where it has none."""
    table = tables.agency
    row = connection.execute(
        select(table).where(table.c.issuer == issuer, table.c.name == agency, table.c.complaint_body != "")
    ).first()
    if row is None:
        row = connection.execute(select(tables.authority).where(tables.authority.c.code == issuer)).one()
    return contact(row)


def contact(row: Row[Any]) -> Contact:
    """Read the columns of a contact, whose form was checked when they were entered."""
    return Contact.model_construct(body=row.complaint_body, phone=row.complaint_phone, url=row.complaint_url)


def _listed(now: int) -> ColumnElement[bool]:
    """Give the condition under which a certificate is listed; its first part is that of the indices."""
    return and_(
        text(tables.LISTED),
        _certificate.valid_from <= now,
        _certificate.valid_until > now,
        or_(_certificate.state != int(State.SUSPENDED), _certificate.until <= now),
    )


def _beginning(
    query: Select[Any], order: Sequence[ColumnElement[Any]], after: tuple[str, ...] | None
) -> Select[Any]:
    if after is None:
        return query
    number, *name = after
    if len(order) == 1:
        return query.where(_certificate.number > number)
    if not name:
        return query
    return query.where(tuple_(*order) > (name[0], number), _certificate.holder >= name[0])


def _end(shown: tuple[Officer, ...], *, by_name: bool) -> tuple[str, ...]:
    last = shown[-1]
    return (last.number, last.name) if by_name else (last.number,)


def _officer(row: Row[Any]) -> Officer:
    return Officer(
        name=row.holder,
        area=row.area,
        categories=tuple(json.loads(row.categories)),
        number=row.number,
        agency=row.agency,
    )
