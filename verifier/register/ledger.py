"""One write to the register: events, the projections that follow from them, the log, and its signed head.

Everything of one `writing` block is in one transaction: all of it is in force with the commit, or none.
The chain of events and the chain of the log each go on from the last row; the head that closes the batch
is signed inside the transaction, so no committed log is ever without the head that covers it.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, Final

import cbor2
from sqlalchemy import ColumnElement, Connection, Dialect, Table, bindparam, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.sql.compiler import SQLCompiler

from keys.trust import TrustList
from verifier.certificate import cose
from verifier.certificate.cose import Signer
from verifier.certificate.lifecycle import Event, Life, Standing, State, reason_now
from verifier.certificate.model import Certificate, StatusReference
from verifier.certificate.verdicts import Reason
from verifier.register import tables
from verifier.register.database import Database, RegisterError
from verifier.status.log import (
    CHAIN_START,
    Head,
    LogError,
    entry_of,
    extend_chain,
    open_by_status_key,
    open_head,
    sign_head,
)

EVENT_CHAIN_START: Final = bytes(32)
_EVENTS_TYPE: Final = "application/liangzheng-events+cbor"
_FLUSH_ROWS: Final = 2_000
_EPOCH_BYTES: Final = 16

TrustSource = Callable[[Connection], TrustList | None]
"""Gives the trust list that is published in a register; None before the first."""
SignerSource = Callable[[TrustList | None], Signer]
"""Opens the status key that verifiers of a trust list go by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What the register alone knows of a holder. Never printed, logged or sent to the public."""

    id_number: str | None = field(default=None, repr=False)
    enforcement_types: tuple[str, ...] = field(default=(), repr=False)
    qualification: str | None = field(default=None, repr=False)
    sealed: Mapping[str, Any] | None = field(default=None, repr=False)
    """What a restricted certificate does not state: holder, agency, categories, area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happens to a certificate: what, when, by whom and why."""

    event: Event
    time: int
    actor: str
    reason: str
    basis: str
    """The article that it rests on."""
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A certificate as the register has it."""

    id: int
    certificate: Certificate
    life: Life
    """Without `before`, which only the log knows."""
    signed: bytes
    """Its code."""
    digest: bytes
    event: int
    """The last one that happened to it: the version of what the register knows."""
    replaces: int | None

    @property
    def standing(self) -> Standing:
        """What holds for it."""
        return self.life.standing

    def reason(self, now: float) -> Reason:
        """Say what a scan answers at a time."""
        certificate = self.certificate
        return reason_now(
            self.standing, valid_from=certificate.valid_from, valid_until=certificate.valid_until, now=now
        )


def event_hash(before: bytes, row: Sequence[Any]) -> bytes:
    """Give the chain hash of an event: SHA-256 over the hash before it and the event's columns in CBOR.

    Args:
        before: the hash of the event before it.
        row: id, certificate, event, time, actor, reason, until, digest, and the basis if it has one.
    """
    return hashlib.sha256(before + cbor2.dumps(list(row))).digest()


def open_events(document: bytes, trust: TrustList) -> tuple[int, bytes]:
    """Verify how far the chain of events goes.

    Returns:
        The id of the last event, and its hash.

    Raises:
        LogError: no status key of the trust list signed it.
    """
    last, chained = cbor2.loads(open_by_status_key(document, _EVENTS_TYPE, trust))
    return last, chained


@contextmanager
def writing(
    database: Database, status_signer: SignerSource, *, trust: TrustSource, now: int
) -> Iterator["Ledger"]:
    """Write to the register.

    Args:
        database: the register.
        status_signer: opens the status key that signs the head which closes the batch.
        trust: gives the published trust list, verified; None only before the first.
        now: the time of the head, in seconds since 1970.

    Raises:
        RegisterError: the log was changed by hand, no trust list was published, or the database cannot
            be used.
    """
    with database.writing() as connection:
        ledger = Ledger(connection, trust(connection))
        yield ledger
        ledger.close(status_signer(ledger.trust), now)


_WRITTEN: Final = (tables.certificate, tables.particulars, tables.code, tables.event, tables.log)
"""In the order in which they refer to each other."""
_PROJECTED: Final = (
    "state",
    "since",
    "until",
    "reason",
    "event",
    "review",
    "review_since",
    "card",
    "succeeded",
)
_PROJECT: Final = (
    update(tables.certificate)
    .where(tables.certificate.c.id == bindparam("row"))
    .values({name: bindparam(name) for name in _PROJECTED})
)


class Ledger:
    """The open batch of the one writer.

    Attributes:
        connection: the transaction that it writes in.
        trust: the trust list that goes with the head; a publication puts the new one here.
    """

    def __init__(self, connection: Connection, trust: TrustList | None) -> None:
        self.connection = connection
        self.trust = trust
        self._rows: dict[Table, list[dict[str, Any]]] = {table: [] for table in _WRITTEN}
        certificates, events, log = tables.certificate.c, tables.event.c, tables.log.c
        self._certificate: int = _last(connection, certificates.id)[0] or 0
        event, chained = _last(connection, events.id, events.hash)
        self._event: int = event or 0
        self._event_hash: bytes = chained or EVENT_CHAIN_START
        sequence, chain = _last(connection, log.sequence, log.chain)
        self._sequence: int = sequence or 0
        self._chain: bytes = chain or CHAIN_START
        self._require_covered()

    def issue(
        self,
        certificate: Certificate,
        *,
        signed: bytes,
        digest: bytes,
        particulars: Particulars,
        happening: Happening,
        replaces: int | None = None,
    ) -> int:
        """Enter a new certificate with its code.

        Args:
            certificate: its facts.
            signed: its code's bytes.
            digest: of the code's claims.
            particulars: what is not public.
            happening: who issued it and when.
            replaces: the id of the certificate in whose place it comes.

        Returns:
            Its id.
        """
        self._certificate += 1
        life = Life(standing=Standing(state=State.VALID, since=happening.time))
        event = self._append_event(self._certificate, happening, digest)
        self._rows[tables.certificate].append(
            {
                "id": self._certificate,
                **certificate_columns(certificate),
                "replaces": replaces,
                **_projection(life, event),
            }
        )
        self._rows[tables.particulars].append(
            {
                "certificate": self._certificate,
                "id_number": particulars.id_number,
                "enforcement_types": _json(particulars.enforcement_types),
                "qualification": particulars.qualification,
                "sealed": json.dumps(particulars.sealed, ensure_ascii=False) if particulars.sealed else None,
            }
        )
        self._rows[tables.code].append(
            {
                "status_list": certificate.status.list,
                "idx": certificate.status.index,
                "certificate": self._certificate,
                "digest": digest,
                "signed": signed,
            }
        )
        self._append_entry(certificate.status, life.standing, digest, event)
        if len(self._rows[tables.event]) >= _FLUSH_ROWS:
            self.flush()
        return self._certificate

    def record(self, found: Registered, life: Life, happening: Happening) -> int:
        """Enter what happened to a certificate.

        Args:
            found: the certificate; its digest was verified, not just read from a column.
            life: what holds from now on, as `lifecycle.apply` gives it.
            happening: who did what and why.

        Returns:
            The id of the event.
        """
        event = self._append_event(found.id, happening, found.digest)
        if life.standing is not found.life.standing:
            self._append_entry(found.certificate.status, life.standing, found.digest, event)
        self.connection.execute(_PROJECT, {"row": found.id, **_projection(life, event)})
        return event

    def close(self, status_signer: Signer, now: int) -> None:
        """Write what is left and sign the head."""
        self.flush()
        if self.trust is None:
            raise RegisterError("no trust list was published yet: run `liangzheng keys trust`")
        epoch = self.connection.scalar(select(tables.head.c.epoch)) or secrets.token_bytes(_EPOCH_BYTES)
        head = Head(
            epoch=epoch,
            sequence=self._sequence,
            chain=self._chain,
            trust_version=self.trust.version,
            trust_hash=hashlib.sha256(self.trust.signed).digest(),
            time=now,
        )
        row = {
            "epoch": epoch,
            "sequence": head.sequence,
            "chain": head.chain,
            "signed": sign_head(head, status_signer),
            "events": cose.sign_document(
                cbor2.dumps([self._event, self._event_hash]), typ=_EVENTS_TYPE, signer=status_signer
            ),
        }
        self.connection.execute(
            upsert(tables.head).values(id=1, **row).on_conflict_do_update(index_elements=["id"], set_=row)
        )

    def _require_covered(self) -> None:
        """Refuse to go on from chains that their signed ends do not cover: they would become our own."""
        row = self.connection.exec_driver_sql("SELECT signed, events FROM head").first()  # of whatever type
        log_end, events_end = (0, CHAIN_START), (0, EVENT_CHAIN_START)
        try:
            if row is not None and self.trust is not None:
                head = open_head(row.signed, self.trust)
                log_end = head.sequence, head.chain
                events_end = open_events(row.events, self.trust)
        except LogError as error:
            raise RegisterError(f"{error}: run `liangzheng audit`") from error
        if (self._sequence, self._chain) != log_end or (self._event, self._event_hash) != events_end:
            raise RegisterError("the log does not end where its signed head says: run `liangzheng audit`")

    def _append_event(self, certificate: int, happening: Happening, digest: bytes) -> int:
        self._event += 1
        row = {
            "id": self._event,
            "certificate": certificate,
            "event": happening.event.value,
            "time": happening.time,
            "actor": happening.actor,
            "reason": happening.reason,
            "until": happening.until,
            "digest": digest,
        }
        self._event_hash = event_hash(self._event_hash, (*row.values(), happening.basis))
        self._rows[tables.event].append({**row, "hash": self._event_hash, "basis": happening.basis})
        return self._event

    def _append_entry(self, status: StatusReference, standing: Standing, digest: bytes, event: int) -> None:
        self._sequence += 1
        entry = entry_of(self._sequence, status, standing, digest)
        self._chain = extend_chain(self._chain, entry)
        self._rows[tables.log].append({**entry._asdict(), "chain": self._chain, "event": event})

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Do one piece of work so that its failure takes back just that piece, and none of the others."""
        self.flush()
        ends = (self._certificate, self._event, self._event_hash, self._sequence, self._chain)
        try:
            with self.connection.begin_nested():
                yield
                self.flush()
        except BaseException:
            for rows in self._rows.values():
                rows.clear()
            self._certificate, self._event, self._event_hash, self._sequence, self._chain = ends
            raise

    def flush(self) -> None:
        """Write what was collected, so that queries find it."""
        for table, rows in self._rows.items():
            if rows:
                sql, cells = _bulk_insert(table, self.connection.dialect)
                self.connection.exec_driver_sql(sql, list(map(cells, rows)))
                rows.clear()


@cache
def _bulk_insert(table: Table, dialect: Dialect) -> tuple[str, Callable[[dict[str, Any]], tuple[Any, ...]]]:
    """Give an insert as the driver takes it, and what takes its cells from a row.

    Going through the types of the columns, each of which says "as it is", would take as long as inserting.
    """
    compiled = insert(table).compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    assert compiled.positiontup is not None, "SQLite numbers its parameters"
    return str(compiled), itemgetter(*compiled.positiontup)


@lru_cache(maxsize=1_024)
def _json(texts: tuple[str, ...]) -> str:
    """Give texts as a JSON array; a table has the same few again and again."""
    return json.dumps(texts, ensure_ascii=False)


def certificate_columns(certificate: Certificate) -> dict[str, Any]:
    """Give the facts of a certificate as its columns."""
    return {
        "issuer": certificate.issuer,
        "number": certificate.number,
        "kind": int(certificate.kind),
        "holder": certificate.holder,
        "agency": certificate.agency,
        "categories": _json(certificate.categories),
        "area": certificate.area,
        "powers": int(certificate.powers),
        "valid_from": certificate.valid_from,
        "valid_until": certificate.valid_until,
        "photo": certificate.photo,
        "restricted": certificate.restricted,
    }


def _last(connection: Connection, key: ColumnElement[Any], *others: ColumnElement[Any]) -> Sequence[Any]:
    """Give columns of the row with the highest key; None for each where there is no row."""
    row = connection.execute(select(key, *others).order_by(key.desc()).limit(1)).first()
    return row if row is not None else (None,) * (1 + len(others))


def _projection(life: Life, event: int) -> dict[str, Any]:
    standing = life.standing
    return {
        "state": int(standing.state),
        "since": standing.since,
        "until": standing.until,
        "reason": int(standing.reason),
        "event": event,
        "review": int(life.review),
        "review_since": life.review_since,
        "card": int(life.card),
        "succeeded": life.succeeded,
    }
