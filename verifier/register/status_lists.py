"""Publishing Token Status Lists: from the log, as far as its signed head covers it, to signed lists.

Incremental: what was published last, and how far in the log it goes, is in a record that a status key signed.
So a list is changed where the log goes on from there, and signed again. We begin from the first entry where
that would not do: a list or the record was changed by hand, verifiers could not use a list any more, or the
clock was ahead when they were signed. All of a pass is one transaction: a kill leaves what was there.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

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
    SKEW_SECONDS,
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
    """By list: the SHA-256 of its two forms."""
    issued: dict[int, int] = field(default_factory=dict)
    ends: dict[int, dict[int, int]] = field(default_factory=dict)
    """By list and index: when a suspension that it shows ends by itself."""
    trust_version: int = 0
    """The trust list under which the lists were looked at."""
    time: int = 0
    """When that was."""

    def over(self, now: int) -> list[int]:
        """Give the lists in which a suspension is over."""
        return [number for number, ends in self.ends.items() if any(end <= now for end in ends.values())]

    def aged(self, now: int) -> list[int]:
        """Give the lists that are at half of their lifetime, the oldest first."""
        old = [number for number, issued in self.issued.items() if issued <= now - _RENEW_SECONDS]
        return sorted(old, key=self.issued.__getitem__)


def last_entry(connection: Connection) -> int:
    """Give the sequence number of the last entry of the log; 0 for none."""
    return connection.scalar(select(func.max(tables.log.c.sequence))) or 0


def is_due(connection: Connection, trust: TrustList, now: int) -> bool:
    """Tell whether `republish` would do something."""
    sequence = last_entry(connection)
    if not sequence:
        return False
    try:
        last = _last(connection, trust, now)
    except (StatusListError, LogError):
        return True
    is_behind = (last.sequence, last.trust_version) != (sequence, trust.version)
    return is_behind or bool(last.over(now) or last.aged(now))


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
    try:
        last = _last(connection, trust, now)
        if last.trust_version != trust.version:
            _require_usable(connection, trust)
        # No list is ever older than the one before it: who keeps lists would not take it.
        return _Pass(connection, trust, signer, max(now, last.time)).run(last, head)
    except (StatusListError, LogError):
        connection.execute(delete(tables.token_status_list))
        return _Pass(connection, trust, signer, now).run(_Published(), head)


@dataclass(frozen=True, slots=True)
class _Pass:
    connection: Connection
    trust: TrustList
    signer: Signer
    now: int

    def run(self, last: _Published, head: Head) -> list[int]:
        now = self.now
        arrays = self._caught_up(last, head)
        due = sorted({*arrays, *last.over(now), *last.aged(now)[:_RENEWED_AT_ONCE]})
        for number in due:
            array = arrays.pop(number, None) or self._array(last, number)
            ends = last.ends.setdefault(number, {})
            for index in [index for index, end in ends.items() if end <= now]:
                write(array, index, StatusType.VALID)
                del ends[index]
            last.digests[number] = self._publish(number, array)
            last.issued[number] = now
        if due or last.trust_version != self.trust.version:
            self._remember(last, head)
        return due

    def _caught_up(self, last: _Published, head: Head) -> dict[int, bytearray]:
        """Give the lists in which something changed since the last pass, as the log has them now.

        Nothing of it may be signed unless this returns: the head's signature covers the log as a whole.
        """
        arrays: dict[int, bytearray] = {}
        sequence, chain = last.sequence, last.chain
        while entries := _entries(self.connection, sequence):
            chain, sequence = chain_over(chain, sequence, entries)
            for entry in entries:
                number = entry.status_list
                if number not in arrays:
                    arrays[number] = self._array(last, number)
                _apply(arrays[number], last.ends.setdefault(number, {}), entry)
        if (sequence, chain) != (head.sequence, head.chain):
            raise LogError("the log does not end where its signed head says: run `liangzheng audit`")
        return arrays

    def _array(self, last: _Published, number: int) -> bytearray:
        """Give the statuses of a list as they were signed last; of a new one, all valid."""
        if number not in last.digests:
            return blank(self.trust.status_lists.size)
        columns = tables.token_status_list.c
        token = self.connection.execute(select(columns.cwt).where(columns.number == number)).scalar_one()
        return bytearray(open_token(token, self.trust, uri=uri_of(self.trust, number)).array)

    def _publish(self, number: int, array: bytearray) -> bytes:
        now, uri, aggregation = self.now, uri_of(self.trust, number), aggregation_of(self.trust)
        of = StatusList(uri, now, now + LIFETIME_SECONDS, TTL_SECONDS, BITS, bytes(array), aggregation)
        cwt, jwt = sign(of, self.signer)
        row = {"cwt": cwt, "jwt": jwt}
        table = tables.token_status_list
        self.connection.execute(
            upsert(table)
            .values(number=number, **row)
            .on_conflict_do_update(index_elements=["number"], set_=row)
        )
        return _digest(cwt, jwt)

    def _remember(self, last: _Published, head: Head) -> None:
        record = [
            head.sequence, head.chain, last.digests, last.issued, last.ends, self.trust.version, self.now,
        ]  # fmt: skip
        signed = cose.sign_document(cbor2.dumps(record), typ=_RECORD_TYPE, signer=self.signer)
        self.connection.execute(delete(tables.status_publication))
        row = {"id": 1, "signed": signed}
        self.connection.execute(insert(tables.status_publication).values(row))


def _entries(connection: Connection, after: int) -> list[Entry]:
    rows = connection.exec_driver_sql(
        "SELECT sequence, status_list, idx, state, since, until, reason, digest FROM log"
        " WHERE sequence > ? ORDER BY sequence LIMIT ?",
        (after, _PORTION),
    )
    return [Entry._make(row) for row in rows]


def _apply(array: bytearray, ends: dict[int, int], entry: Entry) -> None:
    """Write one entry into its list. A suspension that is over ends with those that end by themselves."""
    ends.pop(entry.idx, None)
    status = STATUS_OF[State(entry.state)]
    if status is StatusType.SUSPENDED and entry.until:
        ends[entry.idx] = entry.until
    try:
        write(array, entry.idx, status)
    except IndexError as error:
        raise LogError(f"entry {entry.sequence} of the log is beyond the end of its status list") from error


def _last(connection: Connection, trust: TrustList, now: int) -> _Published:
    """Give what was published last, if it is what is there, and may be gone on from.

    Raises:
        LogError, StatusListError: it must be made anew.
    """
    signed = connection.scalar(select(tables.status_publication.c.signed))
    last = _opened(signed, trust) if signed is not None else _Published()
    columns = tables.token_status_list.c
    rows = connection.execute(select(columns.number, columns.cwt, columns.jwt))
    if {number: _digest(cwt, jwt) for number, cwt, jwt in rows} != last.digests:
        raise StatusListError("the status lists are not those that were signed last")
    if last.time - now > SKEW_SECONDS:
        # Suspensions were taken out of the lists that are not over, and nobody takes a list from the future.
        raise StatusListError("the clock was ahead when the status lists were signed last")
    return last


def _opened(signed: bytes, trust: TrustList) -> _Published:
    try:
        return _Published(*cbor2.loads(open_by_status_key(signed, _RECORD_TYPE, trust)))
    except TypeError as error:
        raise StatusListError("the record of the status lists is of another release") from error


def _require_usable(connection: Connection, trust: TrustList) -> None:
    """Refuse lists that a new trust list makes useless: of another address, or by a stolen key."""
    columns = tables.token_status_list.c
    for number, token in connection.execute(select(columns.number, columns.cwt)):
        open_token(token, trust, uri=uri_of(trust, number))


def _digest(*tokens: bytes) -> bytes:
    if not all(type(token) is bytes for token in tokens):  # a database column may hold anything
        return b""
    return hashlib.sha256(b"".join(tokens)).digest()
