"""The life of the keys in a ring: next → active → retired, and compromised from any of them. Pure.

A key signs once its time has come *and* verifiers know it, that is, once a published trust list has it. So a
successor can be made and published long before it takes over, and no moment comes in which nobody may sign
or in which somebody signs what no verifier can check. The one that it supersedes is retired by that.
"""

from collections.abc import Collection, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from keys.trust import Key, KeyState, Purpose
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.errors import LiangzhengError

_Coordinate = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Seconds = Annotated[int, Field(ge=0, lt=BOUNDS.seconds)]
Known = Collection[str]
"""The kids of the published trust list, in hexadecimal."""


class RotationError(LiangzhengError, ValueError):
    """The state of a key does not allow it."""


class Entry(BaseModel):
    """One key of the ring."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kid: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    """In hexadecimal."""
    purpose: Purpose
    issuer: str | None = None
    kinds: tuple[Annotated[int, Field(ge=0, le=2)], ...] = (0, 1, 2)
    state: KeyState = KeyState.ACTIVE
    since: _Seconds
    """When it entered that state."""
    signs_from: _Seconds | None = None
    """When it takes over, or took over; in rings of before there were such dates, None."""
    signs_until: _Seconds | None = None
    location: str | None = None
    """Where the private key is; None: in the file that is named by the kid."""
    x: _Coordinate
    y: _Coordinate
    """The public point, in hexadecimal."""

    def public_key(self) -> Key:
        """Give the key as the trust list has it."""
        cose_key: dict[int, int | bytes] = {1: 2, -1: 1, -2: bytes.fromhex(self.x), -3: bytes.fromhex(self.y)}
        return Key(
            cose_key=cose_key,
            purpose=self.purpose,
            issuer=self.issuer,
            kinds=self.kinds,
            state=self.state,
            since=self.since,
            signs_from=self.signs_from,
            signs_until=self.signs_until,
        )

    def serves(self, purpose: Purpose, issuer: str | None, kind: int) -> bool:
        """Tell whether it is a key for something, whatever its state."""
        return self.purpose is purpose and self.issuer == issuer and kind in self.kinds

    def replaces(self, other: "Entry") -> bool:
        """Tell whether it can do all that another can."""
        return (
            self.purpose is other.purpose
            and self.issuer == other.issuer
            and set(self.kinds) >= set(other.kinds)
        )


def settled(entries: Sequence[Entry], now: int, known: Known) -> list[Entry]:
    """Give the keys in the states that they have come to.

    Args:
        entries: the oldest first.
        now: the time.
        known: who could not be verified yet takes over from nobody.
    """
    active = [
        _entered(entry, KeyState.ACTIVE, entry.signs_from or now)
        if entry.state is KeyState.NEXT and entry.kid in known and (entry.signs_from or 0) <= now
        else entry
        for entry in entries
    ]
    return [_retired_by(entry, active[at + 1 :], known) for at, entry in enumerate(active)]


def chosen(entries: Sequence[Entry], purpose: Purpose, issuer: str | None, kind: int, known: Known) -> Entry:
    """Choose the key to sign with: the newest active one that verifiers know.

    A compromised status key signs heads until the list that says so is published: until then no verifier
    would take another one. A certificate key does not.

    Args:
        entries: settled, the oldest first.
        purpose: what is signed.
        issuer: whose certificates.
        kind: their kind.
        known: the kids that verifiers know.

    Raises:
        RotationError: there is none.
    """
    serving = [entry for entry in entries if entry.serves(purpose, issuer, kind)]
    active = [entry for entry in serving if entry.state is KeyState.ACTIVE]
    preferred = [
        [entry for entry in active if entry.kid in known],
        [
            entry
            for entry in serving
            if purpose is Purpose.STATUS and entry.state is KeyState.COMPROMISED and entry.kid in known
        ],
        active,
    ]
    for candidates in preferred:
        if candidates:
            return candidates[-1]
    whose = f" of issuer {issuer}" if issuer else ""
    raise RotationError(f"no active {purpose} key{whose}: run `liangzheng keys create`")


def retired(entries: Sequence[Entry], kid: str, now: int, known: Known) -> list[Entry]:
    """Retire a key: it signs no more, and what it signed goes on to hold.

    A successor that verifiers know takes over at once.

    Raises:
        RotationError: there is no such key, or it has come to its end already.
    """
    entry = find(entries, kid)
    if entry.state not in {KeyState.NEXT, KeyState.ACTIVE}:
        raise RotationError(f"key {kid} is {entry.state} already")
    return _succeeded(entries, entry, KeyState.RETIRED, now, known)


def compromised(entries: Sequence[Entry], kid: str, now: int, known: Known) -> list[Entry]:
    """Declare a key compromised; a successor that verifiers know takes over at once.

    Raises:
        RotationError: there is no such key, or it is compromised already.
    """
    entry = find(entries, kid)
    if entry.state is KeyState.COMPROMISED:
        raise RotationError(f"key {kid} is compromised already")
    return _succeeded(entries, entry, KeyState.COMPROMISED, now, known)


def find(entries: Sequence[Entry], kid: str) -> Entry:
    """Find a key.

    Raises:
        RotationError: there is none of that kid.
    """
    for entry in entries:
        if entry.kid == kid:
            return entry
    raise RotationError(f"the ring has no key {kid}; `liangzheng keys list` shows those that it has")


def _retired_by(entry: Entry, newer: Sequence[Entry], known: Known) -> Entry:
    if entry.state is not KeyState.ACTIVE:
        return entry
    for other in newer:
        if other.state is KeyState.ACTIVE and other.kid in known and other.replaces(entry):
            return _ended(entry, KeyState.RETIRED, other.signs_from or other.since)
    return entry


def _entered(entry: Entry, state: KeyState, now: int) -> Entry:
    return entry.model_copy(update={"state": state, "since": now})


def _ended(entry: Entry, state: KeyState, now: int) -> Entry:
    signed = entry.state is KeyState.ACTIVE
    until = now if signed and entry.signs_until is None else entry.signs_until
    begun = entry.signs_from if entry.state is not KeyState.NEXT else None
    return entry.model_copy(update={"state": state, "since": now, "signs_from": begun, "signs_until": until})


def _succeeded(entries: Sequence[Entry], gone: Entry, state: KeyState, now: int, known: Known) -> list[Entry]:
    """End a key, and let the successors that waited take over from it."""
    after: list[Entry] = []
    for entry in entries:
        if entry.kid == gone.kid:
            after.append(_ended(entry, state, now))
        elif (
            gone.state is KeyState.ACTIVE
            and entry.state is KeyState.NEXT
            and entry.kid in known
            and entry.replaces(gone)
        ):
            begun = entry.model_copy(update={"signs_from": now})
            after.append(_entered(begun, KeyState.ACTIVE, now))
        else:
            after.append(entry)
    return after
