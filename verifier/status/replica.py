"""The log in memory: the state of every code in flat arrays, so that a scan asks nobody.

A byte of state and 12 bytes of digest for each code; times and reasons only for those that are not plainly
valid. Applying is all or nothing: entries that a signed head does not cover change nothing.
"""

from collections.abc import Sequence
from typing import Final

from verifier.certificate.bounds import BOUNDS
from verifier.certificate.lifecycle import ReasonClass, Standing, State
from verifier.certificate.model import StatusReference
from verifier.status.log import CHAIN_START, CLAIMS_DIGEST_BYTES, Entry, Head, LogError, chain_over

PLAINLY_VALID: Final = Standing(state=State.VALID, since=0)
"""The standing of every code that nothing happened to."""
_GROWTH: Final = 1 << 12
"""Entries by which a list's arrays grow."""


_VALID: Final = int(State.VALID)
_STATES: Final = frozenset(map(int, State))
_REASONS: Final = frozenset(map(int, ReasonClass))


class _StatusList:
    __slots__ = ("digests", "states")

    def __init__(self) -> None:
        self.states = bytearray()
        self.digests = bytearray()

    def make_room_for(self, index: int) -> None:
        missing = index + 1 - len(self.states)
        if missing > 0:
            missing += -(index + 1) % _GROWTH
            self.states.extend(bytes(missing))
            self.digests.extend(bytes(missing * CLAIMS_DIGEST_BYTES))


class Replica:
    """What one node knows of all codes.

    Attributes:
        epoch: the log that it follows; empty before the first head.
        sequence: the last entry applied.
        chain: the chain hash after it.
    """

    def __init__(self) -> None:
        self.epoch = b""
        self.sequence = 0
        self.chain = CHAIN_START
        self._lists: list[_StatusList] = []
        self._standings: dict[tuple[int, int], Standing] = {}

    def apply(self, entries: Sequence[Entry], head: Head) -> None:
        """Take over what a verified head covers.

        Args:
            entries: all from `sequence + 1` to the head's, in order.
            head: verified by `open_head`.

        Raises:
            LogError: another log, a step back, a gap, a changed entry, an index out of bounds. Nothing
                was applied.
        """
        if self.epoch and head.epoch != self.epoch:
            raise LogError("the head belongs to another log")
        if head.sequence < self.sequence:
            raise LogError(f"the head goes back from {self.sequence} to {head.sequence}")
        chain, sequence = chain_over(self.chain, self.sequence, entries)
        if sequence != head.sequence or chain != head.chain:
            raise LogError("the entries are not those that the head was signed over")
        standings = [entry.standing() if entry.state != State.VALID else None for entry in _checked(entries)]
        for entry, standing in zip(entries, standings, strict=True):
            self._set(entry, standing)
        self.epoch, self.sequence, self.chain = head.epoch, sequence, chain

    def look_up(self, status: StatusReference) -> tuple[bytes | bytearray, Standing] | None:
        """Give digest and standing of a code; None where the entry was never given out."""
        if status.list >= len(self._lists):
            return None
        codes = self._lists[status.list]
        index = status.index
        if index >= len(codes.states) or not (state := codes.states[index]):
            return None
        start = index * CLAIMS_DIGEST_BYTES
        digest = codes.digests[start : start + CLAIMS_DIGEST_BYTES]
        return digest, PLAINLY_VALID if state == _VALID else self._standings[status.list, index]

    def __len__(self) -> int:
        return sum(len(codes.states) - codes.states.count(0) for codes in self._lists)

    def _set(self, entry: Entry, standing: Standing | None) -> None:
        while len(self._lists) <= entry.status_list:
            self._lists.append(_StatusList())
        codes = self._lists[entry.status_list]
        codes.make_room_for(entry.idx)
        start = entry.idx * CLAIMS_DIGEST_BYTES
        codes.digests[start : start + CLAIMS_DIGEST_BYTES] = entry.digest
        # The standing goes first and the state last: no look-up between them finds a state without times.
        if standing is None:
            codes.states[entry.idx] = State.VALID
            self._standings.pop((entry.status_list, entry.idx), None)
        else:
            self._standings[entry.status_list, entry.idx] = standing
            codes.states[entry.idx] = standing.state


def _checked(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Refuse what the chain lets through: it cuts long digests, and knows no bounds."""
    for entry in entries:
        if not (
            entry.status_list < BOUNDS.status_lists
            and entry.idx < BOUNDS.status_list_entries
            and len(entry.digest) == CLAIMS_DIGEST_BYTES
            and 0 <= entry.since < BOUNDS.seconds
            and 0 <= entry.until < BOUNDS.seconds
            and entry.state in _STATES
            and entry.reason in _REASONS
            and (entry.state == State.REVOKED) == (entry.reason != ReasonClass.NONE)
        ):
            raise LogError(f"entry {entry.sequence} of the log is out of bounds")
    return entries
