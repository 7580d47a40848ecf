"""Reading certificates, and letting things happen to them by the rules."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, Connection, Row, select

from keys.trust import TrustList
from verifier.certificate import claims, cose
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import OTHER, jurisdiction_of
from verifier.certificate.lifecycle import Event, ReasonClass, Standing, State, apply
from verifier.certificate.model import Certificate, Kind, Powers, StatusReference
from verifier.register import tables
from verifier.register.ledger import Happening, Ledger
from verifier.status.log import Entry, claims_digest


class NotFoundError(LiangzhengError, LookupError):
    """The register has no such certificate, issuer or agency."""


class TamperedError(LiangzhengError, ValueError):
    """A certificate's rows are not what its signed code and the log say. Run the audit."""


class AmbiguousError(LiangzhengError, LookupError):
    """Several issuers have a certificate of that number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A certificate as the register has it."""

    id: int
    certificate: Certificate
    standing: Standing
    signed: bytes
    """Its code."""
    digest: bytes


def find(connection: Connection, number: str, *, issuer: str | None = None) -> Registered:
    """Find a certificate by its number: the one in force, else the one that was last.

    Args:
        connection: an open connection.
        number: as it is printed.
        issuer: the issuer's code, needed where several issuers use that number.

    Raises:
        NotFoundError: there is none.
        AmbiguousError: there are several, of different issuers.
    """
    query = (
        select(tables.certificate, tables.code)
        .join_from(tables.certificate, tables.code)
        .where(tables.certificate.c.number == number)
        .order_by(tables.certificate.c.state == State.REVOKED, tables.certificate.c.id.desc())
        .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
    )
    if issuer is not None:
        query = query.where(tables.certificate.c.issuer == issuer)
    rows = connection.execute(query).all()
    if not rows:
        raise NotFoundError(f"no certificate {number}" + (f" of issuer {issuer}" if issuer else ""))
    issuers = sorted({row.certificate_issuer for row in rows})
    if len(issuers) > 1:
        raise AmbiguousError(f"{number} is a number of several issuers, say --issuer: {', '.join(issuers)}")
    return registered(rows[0])


def of_agency(connection: Connection, agency: str, *, issuer: str | None = None) -> list[Registered]:
    """Give an agency's certificates that are not void, by number; some may have expired.

    Args:
        connection: an open connection.
        agency: its name, as the certificates have it.
        issuer: only those of this issuer.

    Raises:
        NotFoundError: there is none.
    """
    columns = tables.certificate.c
    query = (
        select(tables.certificate, tables.code)
        .join_from(tables.certificate, tables.code)
        .where(columns.agency == agency, columns.state != State.REVOKED)
        .order_by(columns.number, columns.issuer)
        .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
    )
    if issuer is not None:
        query = query.where(columns.issuer == issuer)
    found = [registered(row) for row in connection.execute(query)]
    if not found:
        raise NotFoundError(f"no certificates of {agency}" + (f" by issuer {issuer}" if issuer else ""))
    return found


def let_happen(
    ledger: Ledger,
    event: Event,
    number: str,
    *,
    actor: str,
    now: int,
    issuer: str | None = None,
    reason: str = OTHER,
    until: int | None = None,
) -> Standing:
    """Let something happen to a certificate.

    Args:
        ledger: the open batch.
        event: what happens.
        number: which certificate.
        actor: who does it.
        now: when.
        issuer: as in `find`.
        reason: a reason code of the jurisdiction.
        until: the end of a suspension; by default as the jurisdiction says.

    Returns:
        The standing that follows.

    Raises:
        NotFoundError: there is no such certificate.
        AmbiguousError: there are several.
        TamperedError: its rows were changed by hand; nothing is signed over that.
        IllegalEventError: its state or the rules do not allow it.
    """
    found = find(ledger.connection, number, issuer=issuer)
    require_genuine(found, ledger.trust)
    _require_logged(ledger.connection, found)
    area = ledger.connection.scalar(
        select(tables.authority.c.area).where(tables.authority.c.code == found.certificate.issuer)
    )
    standing = apply(
        event,
        found.standing,
        valid_until=found.certificate.valid_until,
        rules=jurisdiction_of(area or ""),
        reason=reason,
        now=now,
        until=until,
    )
    happening = Happening(event=event, time=now, actor=actor, reason=reason, until=standing.until)
    ledger.record(found.id, found.certificate.status, found.digest, standing, happening)
    return standing


def require_genuine(found: Registered, trust: TrustList | None) -> None:
    """Refuse rows that state other facts than the signed code.

    Raises:
        TamperedError: facts, digest, or signature differ.
    """
    certificate = found.certificate
    name = f"certificate {certificate.number} of issuer {certificate.issuer} (row {found.id})"
    try:
        frame = cose.parse_code(found.signed)
        key = trust.keys.get(frame.kid) if trust else None
        if key is None:
            raise TamperedError(f"the code of {name} is signed by no key of the trust list")
        cose.verify(key.public, frame.signed, frame.signature)
    except cose.MalformedError as error:
        raise TamperedError(f"the code of {name} is out of form") from error
    except cose.SignatureError as error:
        raise TamperedError(f"the signature of {name} does not hold") from error
    if frame.payload != claims.encode(certificate):
        raise TamperedError(f"{name} states other facts than its signed code")
    if claims_digest(frame.payload) != found.digest:
        raise TamperedError(f"the digest of {name} differs")


def _require_logged(connection: Connection, found: Registered) -> None:
    """Refuse a state that the log does not have."""
    log, status = tables.log.c, found.certificate.status
    row = connection.execute(
        select(*list(log)[: len(Entry._fields)])
        .where(log.status_list == status.list, log.idx == status.index)
        .order_by(log.sequence.desc())
        .limit(1)
    ).first()
    if row is None or Entry._make(row).standing() != found.standing:
        raise TamperedError(
            f"the state of {found.certificate.number} differs from the log: run `liangzheng audit`"
        )


def history(connection: Connection, certificate: int) -> list[Row[Any]]:
    """Give the events of a certificate, the first one first."""
    columns = tables.event.c
    return list(
        connection.execute(
            select(columns.id, columns.event, columns.time, columns.actor, columns.reason, columns.until)
            .where(columns.certificate == certificate)
            .order_by(columns.id)
        )
    )


def registered(row: Row[Any]) -> Registered:
    """Read a certificate and its code from a row of both tables, labelled with the table's name."""
    certificate = Certificate(
        issuer=row.certificate_issuer,
        number=row.certificate_number,
        kind=Kind(row.certificate_kind),
        valid_from=row.certificate_valid_from,
        valid_until=row.certificate_valid_until,
        status=StatusReference(row.code_status_list, row.code_idx),
        holder=row.certificate_holder,
        agency=row.certificate_agency,
        categories=tuple(json.loads(row.certificate_categories)),
        area=row.certificate_area,
        powers=Powers(row.certificate_powers),
        photo=row.certificate_photo,
        restricted=row.certificate_restricted,
    )
    standing = Standing(
        state=State(row.certificate_state),
        since=row.certificate_since,
        until=row.certificate_until,
        reason=ReasonClass(row.certificate_reason),
    )
    return Registered(
        id=row.certificate_id,
        certificate=certificate,
        standing=standing,
        signed=row.code_signed,
        digest=row.code_digest,
    )
