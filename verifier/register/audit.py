"""The audit: recompute every chain and projection, and name the first row that differs."""

import struct
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, Connection, func, select

from keys.trust import TrustList
from verifier.certificate.errors import LiangzhengError
from verifier.register import tables
from verifier.register.certificates import TamperedError, registered, require_genuine
from verifier.register.ledger import EVENT_CHAIN_START, event_hash, open_events
from verifier.status.log import CHAIN_START, Entry, LogError, extend_chain, open_head

Progress = Callable[[int], None]
_PORTION = 5_000


class AuditError(LiangzhengError, ValueError):
    """A row of the register is not what the chains say. The message names the row."""


def audit(
    connection: Connection, trust: TrustList, progress: Progress = lambda _rows: None
) -> dict[str, int]:
    """Check the whole register.

    Args:
        connection: sees one state of the register.
        trust: the trust list in force: the head must be signed by a status key of it, each code by its key.
        progress: told how many rows were checked since the last call.

    Returns:
        Rows checked, by table.

    Raises:
        AuditError: the first row that differs.
    """
    return {
        "events": _check_events(connection, trust, progress),
        "log entries": _check_log(connection, trust, progress),
        "certificates": _check_certificates(connection, trust, progress),
    }


def count_rows(connection: Connection) -> int:
    """Give how many rows an audit will check."""
    counted = (tables.event, tables.log, tables.certificate)
    return sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in counted)


def _check_events(connection: Connection, trust: TrustList, progress: Progress) -> int:
    columns = tables.event.c
    before, expected = EVENT_CHAIN_START, 0
    for row in _stream(connection, select(*columns).order_by(columns.id), progress):
        expected += 1
        if row.id != expected:
            raise AuditError(f"event {expected} is missing")
        before = event_hash(before, tuple(row)[:-1])
        if row.hash != before:
            raise AuditError(f"event {row.id} differs from its hash")
    signed = connection.exec_driver_sql("SELECT events FROM head").scalar()
    if signed is None:
        raise AuditError("the signed head is missing")
    try:
        covered, chained = open_events(signed, trust)
    except LogError as error:
        raise AuditError(f"the signed end of the events: {error}") from error
    if (covered, chained) != (expected, before):
        raise AuditError(f"the signature covers {covered} events with other hashes, or not all {expected}")
    return expected


def _check_log(connection: Connection, trust: TrustList, progress: Progress) -> int:
    columns = tables.log.c
    chain, sequence = CHAIN_START, 0
    for row in _stream(connection, select(*columns).order_by(columns.sequence), progress):
        sequence += 1
        entry = Entry._make(tuple(row)[:8])
        if entry.sequence != sequence:
            raise AuditError(f"log entry {sequence} is missing")
        try:
            chain = extend_chain(chain, entry)
        except struct.error as error:
            raise AuditError(f"log entry {sequence} is out of form") from error
        if row.chain != chain:
            raise AuditError(f"log entry {sequence} differs from its chain hash")
    signed = connection.exec_driver_sql("SELECT signed FROM head").scalar()
    if signed is None:
        raise AuditError("the signed head is missing")
    try:
        head = open_head(signed, trust)
    except LogError as error:
        raise AuditError(f"the signed head: {error}") from error
    if (head.sequence, head.chain) != (sequence, chain):
        raise AuditError(f"the signed head covers {head.sequence} log entries, the log has {sequence}")
    return sequence


def _check_certificates(connection: Connection, trust: TrustList, progress: Progress) -> int:
    """Compare facts with signed codes, and the projection with the last event and log entry."""
    last_event = (
        select(tables.event.c.certificate, func.max(tables.event.c.id).label("last"))
        .group_by(tables.event.c.certificate)
        .subquery()
    )
    last_entry = (
        select(tables.log.c.status_list, tables.log.c.idx, func.max(tables.log.c.sequence).label("last"))
        .group_by(tables.log.c.status_list, tables.log.c.idx)
        .subquery()
    )
    query = (
        select(tables.certificate, tables.code, tables.log, tables.event)
        .join_from(tables.certificate, tables.code)
        .outerjoin(last_event, last_event.c.certificate == tables.certificate.c.id)
        .outerjoin(tables.event, tables.event.c.id == last_event.c.last)
        .outerjoin(
            last_entry,
            (last_entry.c.status_list == tables.code.c.status_list) & (last_entry.c.idx == tables.code.c.idx),
        )
        .outerjoin(tables.log, tables.log.c.sequence == last_entry.c.last)
        .order_by(tables.certificate.c.id)
        .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
    )
    checked = 0
    for row in _stream(connection, query, progress):
        checked += 1
        _check_certificate(row, trust)
    certificates = connection.scalar(select(func.count()).select_from(tables.certificate)) or 0
    if checked < certificates:
        raise AuditError(f"{certificates - checked} certificates have no code")
    return checked


def _check_certificate(row: Any, trust: TrustList) -> None:
    name = (
        f"certificate {row.certificate_number} of issuer {row.certificate_issuer} (row {row.certificate_id})"
    )
    try:
        found = registered(row)
        require_genuine(found, trust)
        logged = Entry._make(getattr(row, f"log_{field}") for field in Entry._fields).standing()
    except TamperedError as error:
        raise AuditError(str(error)) from error
    except (ValueError, TypeError, LookupError) as error:
        raise AuditError(f"{name} is out of form") from error
    if not found.digest == row.log_digest == row.event_digest:
        raise AuditError(f"the digest of {name} differs")
    if logged != found.standing or not row.certificate_event == row.log_event == row.event_id:
        raise AuditError(f"the state of {name} differs from its last event")


def _stream(connection: Connection, query: Any, progress: Progress) -> Iterator[Any]:
    result = connection.execution_options(yield_per=_PORTION).execute(query)
    for portion in result.partitions():
        yield from portion
        progress(len(portion))
