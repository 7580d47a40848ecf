"""The key ring: which private keys there are, what each is for, and in which state it is.

One directory: an encrypted PEM file for each key, and `ring.json` that describes them. The ring says what
goes into the trust list; the root key that signs the list may be kept elsewhere, offline.
"""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from keys import signers
from keys.files import KeyFileError, read_private, write_private, write_whole
from keys.signers import LocalSigner
from keys.trust import Key, KeyState, Purpose
from verifier.certificate import cose
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.errors import LiangzhengError

ROOT: Final = "root"
_LONGEST_PASSPHRASE: Final = 1_023  # OpenSSL's bound


class RingError(LiangzhengError, ValueError):
    """The ring has no such key, or refuses to make it."""


_Coordinate = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Entry(BaseModel):
    """One key of the ring."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kid: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    """In hexadecimal; also the name of its file."""
    purpose: Purpose
    issuer: str | None = None
    kinds: tuple[Annotated[int, Field(ge=0, le=2)], ...] = (0, 1, 2)
    state: KeyState = KeyState.ACTIVE
    since: Annotated[int, Field(ge=0, lt=BOUNDS.seconds)]
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
        )


_ENTRIES: Final = TypeAdapter(list[Entry])


class KeyRing:
    """The keys in one directory.

    Args:
        directory: where they are kept; made when the first key is.
        passphrase_file: what they are encrypted with; made with a random passphrase where there is none.
        root_file: where the root's public half goes, for verifiers to pin.
    """

    def __init__(self, directory: Path, *, passphrase_file: Path, root_file: Path) -> None:
        self._directory = directory
        self._passphrase_file = passphrase_file
        self._root_file = root_file
        self._opened: dict[str, LocalSigner] = {}

    def entries(self) -> list[Entry]:
        """Give all keys but the root, oldest first.

        Raises:
            RingError: `ring.json` is spoilt.
        """
        try:
            return _ENTRIES.validate_json(self._index.read_bytes())
        except FileNotFoundError:
            return []
        except ValidationError as error:
            raise RingError(f"{self._index} is out of form") from error

    def has_root(self) -> bool:
        """Tell whether the root key is here."""
        return self._file(ROOT).exists()

    def create_root(self) -> None:
        """Make the root key, and write its public half for verifiers to pin.

        Raises:
            KeyFileError: there is one, or it cannot be written.
        """
        signers.create(self._file(ROOT), self._passphrase(create=True))
        self.export_root()

    def export_root(self) -> None:
        """Write the root's public half for verifiers to pin."""
        pem = self.root().public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        write_whole(self._root_file, pem)

    def create(
        self, purpose: Purpose, *, now: int, issuer: str | None = None, kinds: tuple[int, ...] = (0, 1, 2)
    ) -> Entry:
        """Make a key, active from now on. A trust list must be published before others know it.

        Raises:
            RingError: an issuer is missing or has no sense, or the kid is taken (then try again).
            KeyFileError: it cannot be written.
        """
        if (purpose is Purpose.CERTIFICATE) != (issuer is not None):
            raise RingError("a certificate key belongs to an issuer, a status key to none")
        with self._locked():
            entries = self.entries()
            name = f"new-{secrets.token_hex(8)}"
            signer = signers.create(self._file(name), self._passphrase(create=True))
            point = cose.encode_key(signer.public)
            entry = Entry(
                kid=signer.kid.hex(),
                purpose=purpose,
                issuer=issuer,
                kinds=kinds,
                since=now,
                x=point[-2].hex(),
                y=point[-3].hex(),
            )
            if any(known.kid == entry.kid for known in entries):
                self._file(name).unlink()
                raise RingError("the new key has the kid of another; try again")
            self._file(name).rename(self._file(entry.kid))
            self._write([*entries, entry])
        return entry

    def root(self) -> LocalSigner:
        """Open the root key.

        Raises:
            RingError: it is not here.
            KeyFileError: it cannot be opened.
        """
        if not self.has_root():
            raise RingError("there is no root key here: make one with `liangzheng keys create root`")
        return signers.load(self._file(ROOT), self._passphrase())

    def signer(self, purpose: Purpose, issuer: str | None = None, kind: int = 0) -> LocalSigner:
        """Open the newest active key for a purpose.

        Raises:
            RingError: there is none.
            KeyFileError: it cannot be opened.
        """
        for entry in reversed(self.entries()):
            serves = entry.purpose is purpose and entry.issuer == issuer and kind in entry.kinds
            if serves and entry.state is KeyState.ACTIVE:
                if entry.kid not in self._opened:
                    self._opened[entry.kid] = signers.load(self._file(entry.kid), self._passphrase())
                return self._opened[entry.kid]
        whose = f" of issuer {issuer}" if issuer else ""
        raise RingError(f"no active {purpose} key{whose}: run `liangzheng keys create`")

    def certificate_signer(self, issuer: str, kind: int = 0) -> LocalSigner:
        """Open the newest active key that signs an issuer's certificates of a kind."""
        return self.signer(Purpose.CERTIFICATE, issuer, kind)

    @property
    def _index(self) -> Path:
        return self._directory / "ring.json"

    def _file(self, name: str) -> Path:
        return self._directory / f"{name}.pem"

    def _passphrase(self, *, create: bool = False) -> bytes:
        if create and not self._passphrase_file.exists():
            write_private(self._passphrase_file, secrets.token_urlsafe(32).encode() + b"\n")
        passphrase = read_private(self._passphrase_file).strip()
        if not 1 <= len(passphrase) <= _LONGEST_PASSPHRASE:
            raise KeyFileError(f"{self._passphrase_file}: must hold 1 to {_LONGEST_PASSPHRASE} bytes")
        return passphrase

    def _write(self, entries: list[Entry]) -> None:
        write_whole(self._index, _ENTRIES.dump_json(entries, indent=2))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep two commands from writing the ring at once."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._directory / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
