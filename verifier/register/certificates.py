"""Reading certificates, and letting things happen to them by the rules."""

import json
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, Connection, Row, bindparam, select

from keys.trust import TrustList
from verifier.certificate import claims, cose
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import OTHER, Jurisdiction
from verifier.certificate.lifecycle import (
    BY_SUCCESSION,
    Card,
    Event,
    IllegalEventError,
    Life,
    NotEntitledError,
    ReasonClass,
    Review,
    Standing,
    State,
    apply,
)
from verifier.certificate.model import Certificate, Kind, Powers, StatusReference
from verifier.register import exclusions, tables
from verifier.register.actors import Actor, may_see, require_entitled
from verifier.register.errors import NotFoundError
from verifier.register.exclusions import Holding
from verifier.register.ledger import Happening, Ledger, Particulars, Registered
from verifier.status.log import Entry, claims_digest

WITH_CODE: Final = (
    select(tables.certificate, tables.code)
    .join_from(tables.certificate, tables.code)
    .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
)
"""Certificates with their codes; `registered` reads the rows."""

_BY_NUMBER: Final = WITH_CODE.where(tables.certificate.c.number == bindparam("named")).order_by(
    tables.certificate.c.state == int(State.REVOKED), tables.certificate.c.id.desc()
)
_PARTICULARS: Final = select(tables.particulars).where(tables.particulars.c.certificate == bindparam("row"))
_LOGGED: Final = (
    select(*list(tables.log.c)[: len(Entry._fields)])
    .where(tables.log.c.status_list == bindparam("list"), tables.log.c.idx == bindparam("index"))
    .order_by(tables.log.c.sequence.desc())
    .limit(2)
)


class TamperedError(LiangzhengError, ValueError):
    """A certificate's rows are not what its signed code and the log say. Run the audit."""


class ChangedError(LiangzhengError, ValueError):
    """Something happened to a certificate that whoever acts on it does not know of."""


class AmbiguousError(LiangzhengError, LookupError):
    """Several issuers have a certificate of that number."""


def by_id(connection: Connection, row: int) -> Registered:
    """Give a certificate by its id in the register."""
    return registered(connection.execute(WITH_CODE.where(tables.certificate.c.id == row)).one())


def particulars_of(connection: Connection, row: int) -> Particulars:
    """Give what the register alone knows of a certificate's holder."""
    found = connection.execute(_PARTICULARS, {"row": row}).one()
    return particulars(found)


def particulars(row: Any) -> Particulars:
    """Read what the register alone knows from a row with the columns of its table."""
    return Particulars(
        id_number=row.id_number,
        enforcement_types=tuple(json.loads(row.enforcement_types)),
        qualification=row.qualification,
        sealed=json.loads(row.sealed) if row.sealed else None,
    )


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
    rows = connection.execute(_BY_NUMBER, {"named": number}).all()
    if issuer is not None:
        rows = [row for row in rows if row.certificate_issuer == issuer]
    if not rows:
        raise unknown(number, issuer)
    issuers = sorted({row.certificate_issuer for row in rows})
    if len(issuers) > 1:
        raise AmbiguousError(f"{number} is a number of several issuers, say --issuer: {', '.join(issuers)}")
    return registered(rows[0])


def unknown(number: str, issuer: str | None = None) -> NotFoundError:
    """Give the error for a certificate that there is not, or that is not the actor's business: no telling."""
    return NotFoundError(f"no certificate {number}" + (f" of issuer {issuer}" if issuer else ""))


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
    actor: Actor,
    now: int,
    issuer: str | None = None,
    reason: str = OTHER,
    until: int | None = None,
    if_event: int | None = None,
) -> Registered:
    """Let something happen to a certificate.

    Args:
        ledger: the open batch.
        event: what happens; none of those that bring another certificate (`issuing.replacement`).
        number: which certificate.
        actor: who does it.
        now: when.
        issuer: as in `find`.
        reason: a reason code of the jurisdiction.
        until: the end of a suspension; by default as the jurisdiction says.
        if_event: the last event that the actor knows of.

    Returns:
        The certificate as it stands then.

    Raises:
        NotFoundError: there is no such certificate, or not for this actor.
        AmbiguousError: there are several.
        TamperedError: its rows were changed by hand; nothing is signed over that.
        ChangedError: something else happened to it since.
        NotEntitledError: it is not for the actor to do.
        IllegalEventError: its state or the rules do not allow it.
        ExcludedError: it would be restored beside one that excludes it.
    """
    if event in BY_SUCCESSION:
        raise IllegalEventError(f"{event} needs the new certificate")
    found = examine(ledger, number, issuer=issuer, if_event=if_event, actor=actor)
    return happen(ledger, found, event, actor=actor, now=now, reason=reason, until=until)


def examine(
    ledger: Ledger,
    number: str,
    *,
    issuer: str | None = None,
    if_event: int | None = None,
    actor: Actor | None = None,
) -> Registered:
    """Find a certificate to act on, and make sure that its rows are what was signed and logged.

    Args:
        ledger: the open batch.
        number: which certificate.
        issuer: as in `find`.
        if_event: the last event that the actor knows of.
        actor: who looks; to whom it is no business, it is unknown. None: whoever.

    Raises:
        NotFoundError: there is no such certificate, or not for this actor.
        AmbiguousError: there are several.
        TamperedError: its rows were changed by hand.
        ChangedError: its last event is not `if_event`.
    """
    ledger.flush()
    found = find(ledger.connection, number, issuer=issuer)
    if actor is not None and not may_see(ledger.connection, actor, found.certificate):
        raise unknown(number, issuer)
    require_genuine(found, ledger.trust)
    if if_event is not None and found.event != if_event:
        raise ChangedError(f"certificate {number} has changed since: its last event is {found.event}")
    return replace(found, life=replace(found.life, before=_logged_before(ledger.connection, found)))


def happen(
    ledger: Ledger,
    found: Registered,
    event: Event,
    *,
    actor: Actor,
    now: int,
    reason: str = OTHER,
    until: int | None = None,
) -> Registered:
    """Let something happen to a certificate that was examined; see `let_happen`."""
    certificate = found.certificate
    rules = require_entitled(ledger.connection, actor, event, certificate)
    if event is Event.REINSTATED and actor.agency is not None:
        _require_own_suspension(ledger.connection, found, actor, rules)
    life = apply(
        event,
        found.life,
        valid_until=certificate.valid_until,
        rules=rules,
        reason=reason,
        now=now,
        until=until,
    )
    if found.standing.state is State.REVOKED and life.standing.state is not State.REVOKED:
        _require_room(ledger.connection, found, rules, now)
    happening = Happening(
        event=event,
        time=now,
        actor=actor.name,
        reason=reason,
        basis=rules.basis(event, reason),
        until=life.standing.until if event is Event.SUSPENDED else None,
    )
    return replace(found, life=life, event=ledger.record(found, life, happening))


def _require_own_suspension(
    connection: Connection, found: Registered, actor: Actor, rules: Jurisdiction
) -> None:
    """Let an agency end what it began itself, and not what a justice department did (our inference)."""
    columns = tables.event.c
    by = connection.scalar(
        select(columns.actor)
        .where(columns.certificate == found.id, columns.event == Event.SUSPENDED.value)
        .order_by(columns.id.desc())
        .limit(1)
    )
    client = tables.client.c
    own = connection.scalar(
        select(client.id).where(
            client.id == str(by).removeprefix("api:"),
            client.authority == actor.authority,
            client.agency == actor.agency,
        )
    )
    if own is None:
        raise NotEntitledError(
            "it was suspended by a justice department, which ends it", rules.events[Event.REINSTATED].rule
        )


def _require_room(connection: Connection, found: Registered, rules: Jurisdiction, now: int) -> None:
    """Refuse to restore what another certificate stands in the way of: of its number, or of its holder."""
    certificate = found.certificate
    columns = tables.certificate.c
    taken = connection.scalar(
        select(columns.id).where(
            columns.number == certificate.number,
            columns.issuer == certificate.issuer,
            columns.state != int(State.REVOKED),
        )
    )
    if taken is not None:
        raise IllegalEventError(f"another certificate {certificate.number} is in force by now")
    person = particulars_of(connection, found.id).id_number
    restored = Holding(certificate.number, certificate.kind, person, found.id)
    exclusions.require_none(connection, [restored], rules, now)


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


def _logged_before(connection: Connection, found: Registered) -> Standing | None:
    """Refuse a state or claims that the log does not have; give the state before it."""
    status, number = found.certificate.status, found.certificate.number
    rows = connection.execute(_LOGGED, {"list": status.list, "index": status.index}).all()
    entries = [Entry._make(row) for row in rows]
    if not entries or entries[0].standing() != found.standing:
        raise TamperedError(f"the state of {number} differs from the log: run `liangzheng audit`")
    if entries[0].digest != found.digest:
        raise TamperedError(f"the claims of {number} are not those of the log: run `liangzheng audit`")
    return entries[1].standing() if len(entries) > 1 else None


def history(connection: Connection, certificate: int) -> list[Row[Any]]:
    """Give the events of a certificate, the first one first."""
    columns = tables.event.c
    return list(
        connection.execute(
            select(
                columns.id,
                columns.event,
                columns.time,
                columns.actor,
                columns.reason,
                columns.until,
                columns.basis,
            )
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
    life = Life(
        standing=standing,
        review=Review(row.certificate_review),
        review_since=row.certificate_review_since,
        card=Card(row.certificate_card),
        succeeded=row.certificate_succeeded,
    )
    return Registered(
        id=row.certificate_id,
        certificate=certificate,
        life=life,
        signed=row.code_signed,
        digest=row.code_digest,
        event=row.certificate_event,
        replaces=row.certificate_replaces,
    )
