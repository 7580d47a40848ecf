"""The audit: recompute every chain and projection, and name the first row that differs."""

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, Connection, func, select

from keys.trust import TrustList
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.lifecycle import Card, Event, Review
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
        values = tuple(row)[: columns.keys().index("hash")]
        before = event_hash(before, values if row.basis is None else (*values, row.basis))
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
        select(
            tables.event.c.certificate,
            func.max(tables.event.c.id).label("last"),
            func.max(tables.event.c.id).filter(tables.event.c.event.not_in(_UNLOGGED)).label("logged"),
        )
        .group_by(tables.event.c.certificate)
        .subquery()
    )
    last_entry = (
        select(tables.log.c.status_list, tables.log.c.idx, func.max(tables.log.c.sequence).label("last"))
        .group_by(tables.log.c.status_list, tables.log.c.idx)
        .subquery()
    )
    query = (
        select(tables.certificate, tables.code, tables.log, tables.event, last_event.c.logged.label("logged"))
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
    checked, lives = 0, _replayed(connection)
    for row in _stream(connection, query, progress):
        checked += 1
        _check_certificate(row, trust, lives.get(row.certificate_id, _UNTOUCHED))
    certificates = connection.scalar(select(func.count()).select_from(tables.certificate)) or 0
    if checked < certificates:
        raise AuditError(f"{certificates - checked} certificates have no code")
    return checked


_UNLOGGED: Final = (
    Event.RETURNED, Event.DESTROYED, Event.REVIEW_ASKED, Event.REVIEW_UPHELD, Event.REISSUED,
)  # fmt: skip
"""The events that change no standing, and so are not in the log."""
_BESIDE: Final[Mapping[Event, Mapping[str, int]]] = {
    Event.RETURNED: {"card": Card.RETURNED},
    Event.DESTROYED: {"card": Card.DESTROYED},
    Event.REVIEW_ASKED: {"review": Review.ASKED},
    Event.REVIEW_UPHELD: {"review": Review.UPHELD},
    Event.REVIEW_REVERSED: {"review": Review.NONE},
    Event.REISSUED: {"succeeded": True},
    Event.REPLACED: {"succeeded": True},
}
"""What events make of a life beside its standing."""
_UNTOUCHED: Final[Mapping[str, int]] = {"card": Card.HELD, "review": Review.NONE, "succeeded": False}


def _replayed(connection: Connection) -> dict[int, dict[str, int]]:
    """Give what became of card, review and succession, of those certificates where anything did."""
    columns = tables.event.c
    query = select(columns.certificate, columns.event).where(columns.event.in_(_BESIDE)).order_by(columns.id)
    lives: dict[int, dict[str, int]] = {}
    for certificate, event in connection.execute(query):
        lives.setdefault(certificate, dict(_UNTOUCHED)).update(_BESIDE[Event(event)])
    return lives


def _check_certificate(row: Any, trust: TrustList, beside: Mapping[str, int]) -> None:
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
    life = {name: getattr(found.life, name) for name in beside}
    is_last = row.certificate_event == row.event_id and row.log_event == row.logged
    if logged != found.standing or not is_last or life != beside:
        raise AuditError(f"the state of {name} differs from its last event")


def _stream(connection: Connection, query: Any, progress: Progress) -> Iterator[Any]:
    result = connection.execution_options(yield_per=_PORTION).execute(query)
    for portion in result.partitions():
        yield from portion
        progress(len(portion))
