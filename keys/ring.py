"""The key ring: which private keys there are, what each is for, and where it is.

One directory: an encrypted PEM file for each key that is kept in a file, and `ring.json` that describes all
of them. The ring says what goes into the trust list; the root key that signs the list is in `custody`.
"""

import fcntl
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import TypeAdapter, ValidationError

from keys import pkcs11, rotation, signers
from keys.files import PassphraseFile, write_whole
from keys.rotation import Entry, Known
from keys.signers import KeySigner, KeyStore
from keys.trust import KeyState, Purpose
from verifier.certificate import cose
from verifier.certificate.errors import LiangzhengError

_ENTRIES: Final = TypeAdapter(list[Entry])
ALL_KINDS: Final = (0, 1, 2)
FILE: Final = "file"
"""Where keys are by default: in encrypted files beside the ring."""


class RingError(LiangzhengError, ValueError):
    """The ring refuses to make a key, or is spoilt."""


class KeyRing:
    """The keys in one directory.

    Args:
        directory: where they are kept; made when the first key is.
        passphrase: what those in files are encrypted with.
        stores: opens the other places, by the scheme of their locations.
    """

    def __init__(
        self, directory: Path, *, passphrase: PassphraseFile, stores: Callable[[str], KeyStore]
    ) -> None:
        self._directory = directory
        self._passphrase = passphrase
        self._stores = stores
        self._opened: dict[str, KeySigner] = {}
        self._read: tuple[object, list[Entry]] = (None, [])

    def entries(self) -> list[Entry]:
        """Give all keys as they are written down, the oldest first.

        Raises:
            RingError: `ring.json` is spoilt.
        """
        try:
            status = self._index.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if self._read[0] != seen:  # it is replaced, never changed
                self._read = seen, _ENTRIES.validate_json(self._index.read_bytes())
        except FileNotFoundError:
            return []
        except ValidationError as error:
            raise RingError(f"{self._index} is out of form") from error
        return list(self._read[1])

    def create(
        self,
        purpose: Purpose,
        *,
        now: int,
        issuer: str | None = None,
        kinds: tuple[int, ...] = ALL_KINDS,
        signs_from: int | None = None,
        where: str = FILE,
    ) -> Entry:
        """Make a key. Others know it from the next trust list on, and it signs from then on.

        Args:
            purpose: what it signs.
            now: the time.
            issuer: whose certificates it signs; None for a status key.
            kinds: which kinds of them.
            signs_from: when it takes over, if not at once.
            where: `file`, `pkcs11:TOKEN` or `command`.

        Raises:
            RingError: an issuer is missing or has no sense, or the kid is taken (then try again).
            KeyFileError: it cannot be written.
            SignerError: it cannot be made there.
        """
        if (purpose is Purpose.CERTIFICATE) != (issuer is not None):
            raise RingError("a certificate key belongs to an issuer, a status key to none")
        later = signs_from is not None and signs_from > now
        with self._locked():
            location, public = self._make(where, f"{purpose}-{issuer or 'all'}-{secrets.token_hex(4)}")
            point = cose.encode_key(public)
            entry = Entry(
                kid=cose.kid_of(public).hex(),
                location=location,
                purpose=purpose,
                issuer=issuer,
                kinds=kinds,
                state=KeyState.NEXT if later else KeyState.ACTIVE,
                since=now,
                signs_from=signs_from if later else now,
                x=point[-2].hex(),
                y=point[-3].hex(),
            )
            self._write([*self.entries(), entry])
        return entry

    def rotate(
        self,
        purpose: Purpose,
        issuer: str | None,
        *,
        now: int,
        signs_from: int,
        known: Known,
        where: str | None = None,
    ) -> list[tuple[Entry, Entry]]:
        """Make a successor for each active key of a purpose.

        Args:
            purpose: what they sign.
            issuer: whose certificates.
            now: the time.
            signs_from: when the successors take over.
            known: the kids of the published trust list.
            where: as in `create`; by default where the key before it is.

        Returns:
            Each key with its successor.

        Raises:
            RotationError: there is none, or one has a successor already.
        """
        entries = self.settled(now, known)
        of_purpose = [entry for entry in entries if entry.purpose is purpose and entry.issuer == issuer]
        active = [entry for entry in of_purpose if entry.state is KeyState.ACTIVE]
        if not active:
            whose = f" of issuer {issuer}" if issuer else ""
            raise rotation.RotationError(f"no active {purpose} key{whose}: run `liangzheng keys create`")
        for entry in active:
            for later in of_purpose[of_purpose.index(entry) + 1 :]:
                if later.state in {KeyState.NEXT, KeyState.ACTIVE} and later.replaces(entry):
                    raise rotation.RotationError(
                        f"key {entry.kid} has a successor already, {later.kid}; publish it with"
                        " `liangzheng keys trust`, or retire it first"
                    )
        return [
            (
                entry,
                self.create(
                    purpose,
                    now=now,
                    issuer=issuer,
                    kinds=entry.kinds,
                    signs_from=signs_from,
                    where=where or where_is(entry),
                ),
            )
            for entry in active
        ]

    def retire(self, kid: str, *, now: int, known: Known) -> list[Entry]:
        """Let a key sign no more; what it signed goes on to hold. Give the ring as it is then."""
        return self._change(lambda entries: rotation.retired(entries, kid, now, known), now, known)

    def compromise(self, kid: str, *, now: int, known: Known) -> list[Entry]:
        """Declare that somebody else may have a key. Give the ring as it is then."""
        return self._change(lambda entries: rotation.compromised(entries, kid, now, known), now, known)

    def settle(self, now: int, known: Known) -> list[Entry]:
        """Write down which keys have taken over from which by now."""
        return self._change(lambda entries: entries, now, known)

    def settled(self, now: int, known: Known) -> list[Entry]:
        """Give all keys in the states that they have come to by now."""
        return rotation.settled(self.entries(), now, known)

    def signer(
        self, purpose: Purpose, issuer: str | None = None, kind: int = 0, *, now: int, known: Known
    ) -> KeySigner:
        """Open the key to sign with (`rotation.chosen`).

        Raises:
            RotationError: there is none.
            KeyFileError: it cannot be opened.
        """
        return self.open(rotation.chosen(self.settled(now, known), purpose, issuer, kind, known))

    def open(self, entry: Entry) -> KeySigner:
        """Open a key.

        Raises:
            KeyFileError: it cannot be opened.
            SignerError: its place is not set up here.
        """
        if entry.kid not in self._opened:
            self._opened[entry.kid] = self._open(entry)
        return self._opened[entry.kid]

    def _open(self, entry: Entry) -> KeySigner:
        if entry.location is None:
            return signers.load(self._file(entry.kid), self._passphrase.read())
        public = cose.decode_key(dict(entry.public_key().cose_key))
        return self._stores(entry.location.partition(":")[0]).open(entry.location, public)

    def _make(self, where: str, name: str) -> tuple[str | None, ec.EllipticCurvePublicKey]:
        """Make a key, and give where it is: None for the file that is named by its kid."""
        scheme, _, token = where.partition(":")
        if where != FILE:
            return self._stores(scheme).create(token or name)
        fresh = self._file(f"new-{secrets.token_hex(8)}")
        signer = signers.create(fresh, self._passphrase.read(create=True))
        if any(known.kid == signer.kid.hex() for known in self.entries()):
            fresh.unlink()
            raise RingError("the new key has the kid of another; try again")
        fresh.rename(self._file(signer.kid.hex()))
        return None, signer.public

    def _change(
        self, change: Callable[[list[Entry]], Sequence[Entry]], now: int, known: Known
    ) -> list[Entry]:
        with self._locked():
            entries = list(change(self.settled(now, known)))
            self._write(entries)
        return entries

    @property
    def _index(self) -> Path:
        return self._directory / "ring.json"

    def _file(self, name: str) -> Path:
        return self._directory / f"{name}.pem"

    def _write(self, entries: Sequence[Entry]) -> None:
        if entries != self.entries():
            write_whole(self._index, _ENTRIES.dump_json(list(entries), indent=2, exclude_none=True))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep two commands from writing the ring at once."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._directory / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def where_is(entry: Entry) -> str:
    """Give the place of a key as `create` takes it."""
    if entry.location is None:
        return FILE
    scheme, _, _ = entry.location.partition(":")
    return f"{scheme}:{pkcs11.parse_location(entry.location)[0]}" if scheme == "pkcs11" else scheme
