"""Publishing Token Status Lists: from the log, as far as its signed head covers it, to signed lists.

Incremental: what was published last, and how far in the log it goes, is in a record that a status key signed.
So a list is changed where the log goes on from there, and signed again; whatever was changed by hand in
between makes us begin from the first entry. All of a pass is one transaction: a kill leaves what was there.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import cbor2
from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from keys.trust import TrustList
from verifier.certificate import cose
from verifier.certificate.cose import Signer
from verifier.certificate.lifecycle import State
from verifier.register import tables
from verifier.status.log import CHAIN_START, Entry, Head, LogError, chain_over, open_by_status_key, open_head
from verifier.status.token_status_list import (
    BITS,
    LIFETIME_SECONDS,
    STATUS_OF,
    TTL_SECONDS,
    StatusList,
    StatusListError,
    StatusType,
    aggregation_of,
    blank,
    open_token,
    sign,
    uri_of,
    write,
)

_RECORD_TYPE: Final = "application/liangzheng-status-lists+cbor"
_PORTION: Final = 20_000
_RENEW_SECONDS: Final = LIFETIME_SECONDS // 2
"""A list in which nothing changes is signed again at half of its lifetime."""
_RENEWED_AT_ONCE: Final = 16
"""Lists that one pass renews only for their age: a pass is short, and the next one is a second away."""


@dataclass(slots=True)
class _Published:
    """What was published last."""

    sequence: int = 0
    chain: bytes = CHAIN_START
    digests: dict[int, bytes] = field(default_factory=dict)
    """By list: the SHA-256 of its CWT."""
    ends: dict[int, dict[int, int]] = field(default_factory=dict)
    """By list and index: when a suspension that it shows ends by itself."""
    trust_version: int = 0
    """The trust list under which the lists were looked at."""


def is_due(connection: Connection, trust: TrustList, now: int) -> bool:
    """Tell whether `republish` would do something. Looks at plain columns: a hint, and no more."""
    last = tables.status_publication.c
    published = connection.execute(select(last.sequence, last.trust_version)).first()
    if published != (connection.scalar(select(func.max(tables.log.c.sequence))), trust.version):
        return connection.exec_driver_sql("SELECT 1 FROM log LIMIT 1").first() is not None
    columns = tables.token_status_list.c
    end, oldest = connection.execute(select(func.min(columns.next_end), func.min(columns.issued))).one()
    return (end is not None and end <= now) or (oldest is not None and oldest <= now - _RENEW_SECONDS)


def republish(connection: Connection, trust: TrustList, signer: Signer, *, now: int) -> list[int]:
    """Sign anew the lists in which something changed, or that are at half of their lifetime.

    Args:
        connection: the one writer's.
        trust: the published trust list: it says where the lists are and how long they are.
        signer: a status key of it.
        now: the time; suspensions that are over by now are.

    Returns:
        The numbers of the lists that were signed.

    Raises:
        LogError: the log is not what its head was signed over: nothing is published.
    """
    row = connection.exec_driver_sql("SELECT signed FROM head").first()
    if row is None:
        return []
    head = open_head(row.signed, trust)
    this = _Pass(connection, trust, signer, now)
    try:
        return this.run(_last(connection, trust), head)
    except (StatusListError, LogError):
        # The record or a list is not what we signed, or by a key that was compromised since: from the start.
        connection.execute(delete(tables.token_status_list))
        return this.run(_Published(), head)


@dataclass(frozen=True, slots=True)
class _Pass:
    connection: Connection
    trust: TrustList
    signer: Signer
    now: int

    def run(self, last: _Published, head: Head) -> list[int]:
        now = self.now
        changed = _changes(self.connection, last, head)
        over = [number for number, ends in last.ends.items() if any(end <= now for end in ends.values())]
        due = sorted({*changed, *over, *_aged(self.connection, now)})
        for number in due:
            array = self._array(last, number)
            ends = last.ends.setdefault(number, {})
            for index in [index for index, end in ends.items() if end <= now]:
                write(array, index, StatusType.VALID)
                del ends[index]
            for entry in changed.get(number, {}).values():
                _apply(array, ends, entry, now)
            last.digests[number] = self._publish(number, array, ends)
        if due or last.trust_version != self.trust.version:
            last.trust_version = self.trust.version
            last.sequence, last.chain = head.sequence, head.chain
            self._remember(last)
        return due

    def _array(self, last: _Published, number: int) -> bytearray:
        """Give the statuses of a list as they were signed last; of a new one, all valid."""
        if number not in last.digests:
            return blank(self.trust.status_lists.size)
        columns = tables.token_status_list.c
        token = self.connection.scalar(select(columns.cwt).where(columns.number == number))
        if type(token) is not bytes or hashlib.sha256(token).digest() != last.digests[number]:
            raise StatusListError(f"status list {number} is not the one that was signed last")
        return bytearray(open_token(token, self.trust, uri=uri_of(self.trust, number)).array)

    def _publish(self, number: int, array: bytearray, ends: dict[int, int]) -> bytes:
        now, uri, aggregation = self.now, uri_of(self.trust, number), aggregation_of(self.trust)
        of = StatusList(uri, now, now + LIFETIME_SECONDS, TTL_SECONDS, BITS, bytes(array), aggregation)
        cwt, jwt = sign(of, self.signer)
        row = {"issued": now, "next_end": min(ends.values(), default=None), "cwt": cwt, "jwt": jwt}
        table = tables.token_status_list
        self.connection.execute(
            upsert(table)
            .values(number=number, **row)
            .on_conflict_do_update(index_elements=["number"], set_=row)
        )
        return hashlib.sha256(cwt).digest()

    def _remember(self, last: _Published) -> None:
        record: list[Any] = [last.sequence, last.chain, last.digests, last.ends, last.trust_version]
        signed = cose.sign_document(cbor2.dumps(record), typ=_RECORD_TYPE, signer=self.signer)
        self.connection.execute(delete(tables.status_publication))
        row = {"id": 1, "sequence": last.sequence, "trust_version": last.trust_version, "signed": signed}
        self.connection.execute(insert(tables.status_publication).values(row))


def _changes(connection: Connection, last: _Published, head: Head) -> dict[int, dict[int, Entry]]:
    """Give the newest entry of each index since the last pass; the head's signature covers all of them."""
    changed: dict[int, dict[int, Entry]] = {}
    sequence, chain = last.sequence, last.chain
    while entries := _entries(connection, sequence):
        chain, sequence = chain_over(chain, sequence, entries)
        for entry in entries:
            changed.setdefault(entry.status_list, {})[entry.idx] = entry
    if (sequence, chain) != (head.sequence, head.chain):
        raise LogError("the log does not end where its signed head says: run `liangzheng audit`")
    return changed


def _entries(connection: Connection, after: int) -> list[Entry]:
    rows = connection.exec_driver_sql(
        "SELECT sequence, status_list, idx, state, since, until, reason, digest FROM log"
        " WHERE sequence > ? ORDER BY sequence LIMIT ?",
        (after, _PORTION),
    )
    return [Entry._make(row) for row in rows]


def _apply(array: bytearray, ends: dict[int, int], entry: Entry, now: int) -> None:
    ends.pop(entry.idx, None)
    status = STATUS_OF[State(entry.state)]
    if status is StatusType.SUSPENDED and entry.until:
        if entry.until <= now:
            status = StatusType.VALID
        else:
            ends[entry.idx] = entry.until
    write(array, entry.idx, status)


def _aged(connection: Connection, now: int) -> Iterable[int]:
    columns = tables.token_status_list.c
    query = select(columns.number).where(columns.issued <= now - _RENEW_SECONDS).order_by(columns.issued)
    return connection.scalars(query.limit(_RENEWED_AT_ONCE))


def _last(connection: Connection, trust: TrustList) -> _Published:
    signed = connection.scalar(select(tables.status_publication.c.signed))
    if signed is None:
        return _Published()
    return _Published(*cbor2.loads(open_by_status_key(signed, _RECORD_TYPE, trust)))
