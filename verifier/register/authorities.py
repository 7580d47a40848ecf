"""Issuing authorities and agencies, and the signed lists that were published of them."""

import tomllib
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, Row, Table, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from keys.roots import Roots
from keys.trust import Agency, Contact, Issuer, SignedLists, TrustList
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import jurisdiction_of, level_of, lies_within
from verifier.register import tables
from verifier.register.errors import NotFoundError


class DirectoryError(LiangzhengError, ValueError):
    """A file of authorities and agencies is out of form."""


class ListedAgency(Agency):
    """An agency as the register has it: beside what the directory says, where it stands."""

    area: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    """Its GB/T 2260 code; None: its issuer's."""


class Authorities(BaseModel):
    """What a file of authorities and agencies holds."""

    model_config = ConfigDict(extra="forbid")

    issuers: list[Issuer] = []
    agencies: list[ListedAgency] = []


def parse(content: bytes) -> Authorities:
    """Read authorities and agencies from TOML: `[[issuers]]` and `[[agencies]]`.

    Raises:
        DirectoryError: out of form; says where.
    """
    try:
        return Authorities.model_validate(tomllib.loads(content.decode()))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise DirectoryError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise DirectoryError(f"not TOML in UTF-8: {error}") from error


def enter(connection: Connection, authorities: Authorities) -> None:
    """Enter authorities and agencies, or correct what is known of them.

    Raises:
        DirectoryError: a level is not that of the area, or an agency is none that its issuer serves, or
            is another's.
        UnknownJurisdictionError: no rules are known for an issuer's area.
        NotFoundError: an agency's issuer is not known.
    """
    for issuer in authorities.issuers:
        jurisdiction_of(issuer.area)
        if issuer.level != level_of(issuer.area):
            raise DirectoryError(f"issuer {issuer.code}: area {issuer.area} is a {level_of(issuer.area)}")
        columns = issuer.model_dump(exclude={"complaint"}) | _contact_columns(issuer.complaint)
        _put(connection, tables.authority, columns, ["code"])
    for agency in authorities.agencies:
        issuer = issuer_of(connection, agency.issuer)
        _require_served(issuer, agency)
        _require_one_issuer(connection, issuer, agency)
        own = {"issuer": agency.issuer, "name": agency.name, "area": agency.area}
        columns = own | _contact_columns(agency.complaint)
        _put(connection, tables.agency, columns, ["issuer", "name"])


def issuers(connection: Connection) -> list[Issuer]:
    """Give all issuing authorities."""
    return [_issuer(row) for row in connection.execute(select(tables.authority).order_by("code"))]


def issuer_of(connection: Connection, code: str) -> Issuer:
    """Give one issuing authority.

    Raises:
        NotFoundError: the register knows none of that code.
    """
    row = connection.execute(select(tables.authority).where(tables.authority.c.code == code)).first()
    if row is None:
        known = ", ".join(issuer.code for issuer in issuers(connection))
        raise NotFoundError(f"no issuer {code}; known are: {known or 'none'}")
    return _issuer(row)


def only_issuer(connection: Connection) -> Issuer:
    """Give the issuing authority where there is just one.

    Raises:
        NotFoundError: there are several, or none.
    """
    known = issuers(connection)
    if len(known) != 1:
        codes = ", ".join(issuer.code for issuer in known)
        raise NotFoundError(f"say --issuer; known are: {codes or 'none'}")
    return known[0]


def require_agency(connection: Connection, issuer: str, name: str) -> None:
    """Refuse an agency that an issuer's directory does not have.

    Raises:
        NotFoundError: it has none of that name.
    """
    columns = tables.agency.c
    known = select(columns.name).where(columns.issuer == issuer, columns.name == name)
    if connection.scalar(known) is None:
        raise NotFoundError(f"no agency {name} of issuer {issuer}: enter it with `liangzheng keys trust`")


def agencies(connection: Connection) -> list[Agency]:
    """Give all agencies of the directory."""
    rows = connection.execute(select(tables.agency).order_by("issuer", "name"))
    return [Agency(issuer=row.issuer, name=row.name, complaint=_contact(row)) for row in rows]


def newest_version(connection: Connection) -> int:
    """Give the version of the newest published lists; 0 for none."""
    return connection.scalar(select(func.max(tables.publication.c.version))) or 0


def newest_lists(connection: Connection) -> SignedLists | None:
    """Give the newest published lists."""
    columns = tables.publication.c
    row = connection.execute(
        select(columns.trust, columns.directory, columns.endorsements)
        .order_by(columns.version.desc())
        .limit(1)
    ).first()
    return SignedLists(*row) if row else None


class Published:
    """Gives the newest published trust list; each version is verified once.

    Args:
        roots: gives the pinned root keys.
    """

    def __init__(self, roots: Callable[[], Roots]) -> None:
        self._roots = roots
        self._known: TrustList | None = None

    def __call__(self, connection: Connection) -> TrustList | None:
        """Give it as a connection sees it; None before the first.

        Raises:
            TrustError: it does not hold under the root.
        """
        lists = newest_lists(connection)
        if lists is None:
            return None
        if self._known is None or self._known.lists != lists:
            self._known = TrustList.open(lists, self._roots())
        return self._known


def publish(connection: Connection, lists: SignedLists, *, version: int, now: int) -> None:
    """Enter lists that were signed; nodes take them over with the next head."""
    connection.execute(insert(tables.publication).values(version=version, time=now, **lists._asdict()))


def _require_served(issuer: Issuer, agency: ListedAgency) -> None:
    area = agency.area or issuer.area
    serves = jurisdiction_of(issuer.area).serves
    if not lies_within(area, issuer.area) or level_of(area) not in serves.by(level_of(issuer.area)):
        raise DirectoryError(
            f"agency {agency.name}: issuer {issuer.code} does not serve area {area} ({serves.rule})"
        )


def _require_one_issuer(connection: Connection, issuer: Issuer, agency: ListedAgency) -> None:
    """Refuse an agency that another authority of the same area has: who issues for it would be open.

    One that stands at another level may have it, since in Xinjiang a county issues supervision certificates
    to agencies whose enforcement certificates come from the prefecture (XJ-2022 Art 21).
    """
    ours, theirs = tables.agency.c, tables.authority.c
    other = connection.scalar(
        select(ours.issuer)
        .join_from(tables.agency, tables.authority)
        .where(
            ours.name == agency.name,
            ours.issuer != issuer.code,
            theirs.area == issuer.area,
            func.coalesce(ours.area, theirs.area) == (agency.area or issuer.area),
        )
        .order_by(ours.issuer)
    )
    if other is not None:
        raise DirectoryError(f"agency {agency.name}: issuer {other} has it already in that area")


def _put(connection: Connection, table: Table, columns: dict[str, Any], key: list[str]) -> None:
    statement = upsert(table).values(columns)
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=columns))


def _contact_columns(contact: Contact) -> dict[str, str]:
    return {f"complaint_{name}": value for name, value in contact.model_dump().items()}


def _contact(row: Row[Any]) -> Contact:
    return Contact(body=row.complaint_body, phone=row.complaint_phone, url=row.complaint_url)


def _issuer(row: Row[Any]) -> Issuer:
    return Issuer(code=row.code, name=row.name, area=row.area, level=row.level, complaint=_contact(row))
