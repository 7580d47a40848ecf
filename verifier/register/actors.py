"""Who acts, and what they may do to which certificate.

An authority acts within its area, kinds and level; an agency for its own certificates; the operator of the
issuing machine, who uses the commands, as the issuer itself. What each may do stands in the jurisdiction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select, true

from verifier.certificate import lifecycle
from verifier.certificate.jurisdictions import (
    Jurisdiction,
    Level,
    Rank,
    area_prefix,
    jurisdiction_of,
    level_of,
    lies_within,
)
from verifier.certificate.lifecycle import Event, NotEntitledError
from verifier.certificate.model import Certificate, Kind
from verifier.register import tables
from verifier.register.errors import NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever acts.

    Attributes:
        name: as the events will have it.
        authority: the justice department that it acts for, or under whose issuing the agency is; None: the
            operator, who acts for any issuer.
        agency: the agency that it acts for; None: the authority itself.
    """

    name: str
    authority: str | None = None
    agency: str | None = None


_PLACE: Final = select(tables.authority.c.area).where(tables.authority.c.code == bindparam("authority"))
_AGENCY: Final = select(tables.agency.c.area).where(
    tables.agency.c.issuer == bindparam("authority"), tables.agency.c.name == bindparam("agency")
)


@dataclass(frozen=True, slots=True)
class Place:
    """An authority, and where it stands."""

    code: str
    area: str

    @property
    def level(self) -> Level:
        """Its level."""
        return level_of(self.area)


def place_of(connection: Connection, authority: str) -> Place:
    """Give where an authority stands.

    Raises:
        NotFoundError: the register does not know it.
    """
    area = connection.scalar(_PLACE, {"authority": authority})
    if area is None:
        raise NotFoundError(f"no issuer {authority}")
    return Place(authority, area)


def agency_area(connection: Connection, issuer: Place, agency: str | None) -> str:
    """Give the area of an agency; one that the register does not know has its issuer's."""
    area = connection.scalar(_AGENCY, {"authority": issuer.code, "agency": agency})
    return area or issuer.area


def require_entitled(
    connection: Connection, actor: Actor, event: Event, certificate: Certificate
) -> Jurisdiction:
    """Refuse whoever may not let an event happen to a certificate.

    Returns:
        The rules that the certificate is under.

    Raises:
        NotFoundError: the certificate is none of the actor's business.
        IllegalEventError: the regulation does not know the event.
        NotEntitledError: others may, not they; names the article.
    """
    issuer = place_of(connection, certificate.issuer)
    rules = jurisdiction_of(issuer.area, certificate.categories)
    lifecycle.require_entitled(event, _ranks(connection, actor, issuer, certificate), rules)
    return rules


def _ranks(connection: Connection, actor: Actor, issuer: Place, certificate: Certificate) -> set[Rank]:
    if actor.authority is None or (actor.authority == issuer.code and actor.agency is None):
        return {"issuer", issuer.level}
    if actor.agency is not None:
        if (actor.authority, actor.agency) == (issuer.code, certificate.agency):
            return {"agency"}
    else:
        place = place_of(connection, actor.authority)
        if lies_within(agency_area(connection, issuer, certificate.agency), place.area):
            return {place.level}
    raise NotFoundError(f"no certificate {certificate.number} in your area")


def may_see(connection: Connection, actor: Actor, certificate: Certificate) -> bool:
    """Tell whether a certificate is the actor's business."""
    try:
        return bool(_ranks(connection, actor, place_of(connection, certificate.issuer), certificate))
    except NotFoundError:
        return False


def visible(connection: Connection, actor: Actor) -> ColumnElement[bool]:
    """Give what `may_see` tells of one certificate as a condition on the table of them all.

    Raises:
        NotFoundError: the register does not know the actor's authority.
    """
    columns = tables.certificate.c
    if actor.authority is None:
        return true()
    issued = of_issuers([actor.authority])
    if actor.agency is not None:
        return and_(issued, columns.agency == actor.agency)
    agency, authority = tables.agency.c, tables.authority.c
    area = func.coalesce(
        select(agency.area)
        .where(agency.issuer == columns.issuer, agency.name == columns.agency)
        .scalar_subquery(),
        select(authority.area).where(authority.code == columns.issuer).scalar_subquery(),
    )
    return or_(issued, area_within(area, place_of(connection, actor.authority).area))


def of_issuers(codes: Sequence[str]) -> ColumnElement[bool]:
    """Give a condition on the issuer of certificates that picks among rows, and never is the way to them.

    An issuer has a million certificates; SQLite would walk them all rather than the few that are asked for.
    """
    return tables.certificate.c.issuer.concat("").in_(codes)


def area_within(area: ColumnElement[str], outer: str) -> ColumnElement[bool]:
    """Give `lies_within` as a condition."""
    prefix = area_prefix(outer)
    return func.substr(area, 1, len(prefix)) == prefix


def require_issuer(connection: Connection, issuer: str, kind: Kind, agency: str | None) -> Jurisdiction:
    """Refuse an issuer that may not issue this kind, or not for this agency.

    Args:
        connection: an open connection.
        issuer: the issuer's code.
        kind: of the certificate.
        agency: its name; one that the register does not know counts as the issuer's own.

    Returns:
        The rules of the issuer's region.

    Raises:
        NotFoundError: the register does not know the issuer.
        NotEntitledError: it may not; names the article.
    """
    place = place_of(connection, issuer)
    rules = jurisdiction_of(place.area)
    issuing = rules.issuing[kind.name.lower()]  # type: ignore[index]  # the names of Kind are the keys
    if place.level not in issuing.by:
        raise NotEntitledError(
            f"{kind.name.lower()} certificates are issued at the level of {', '.join(issuing.by)}",
            issuing.rule,
        )
    area = agency_area(connection, place, agency)
    if not lies_within(area, place.area) or level_of(area) not in rules.serves.by(place.level):
        raise NotEntitledError(f"issuer {issuer} does not serve area {area}", rules.serves.rule)
    return rules
