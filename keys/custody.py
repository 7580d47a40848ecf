"""The root's private half: made, handed over to a successor, and used to sign the lists.

It may be in the same directory as the other keys (the embedded default), or on a machine that no network
reaches (docs/keys.md). There it signs requests that come on a stick, and never two lists of one version.
"""

import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys import signers
from keys.files import PassphraseFile, write_whole
from keys.roots import NO_ENDORSEMENTS, Roots, TrustError, endorse, join_endorsements, split_endorsements
from keys.signers import LocalSigner
from keys.trust import DIRECTORY_TYPE, LARGEST_LIST_BYTES, TRUST_TYPE, SignedLists, TrustList
from verifier.certificate import cose
from verifier.certificate.errors import LiangzhengError

_FIRST: Final = "root.pem"


class CustodyError(LiangzhengError, ValueError):
    """The root key is not here, or refuses to sign."""


class Unsigned(NamedTuple):
    """The payloads of a trust list and its directory, as they go to the root."""

    trust: bytes
    directory: bytes

    def to_bytes(self) -> bytes:
        """Write the request."""
        return cbor2.dumps(self._asdict())

    @classmethod
    def from_bytes(cls, request: bytes) -> Self:
        """Read a request.

        Raises:
            TrustError: out of form.
        """
        return cls(**_byte_strings(request, cls._fields))


def lists_to_bytes(lists: SignedLists) -> bytes:
    """Write signed lists as one file."""
    return cbor2.dumps(lists._asdict())


def lists_from_bytes(content: bytes) -> SignedLists:
    """Read signed lists from one file; nothing in them is verified yet.

    Raises:
        TrustError: out of form.
    """
    return SignedLists(**_byte_strings(content, SignedLists._fields))


class RootCustody:
    """The root key in a directory.

    Args:
        directory: where it is kept; made when the key is.
        passphrase: what it is encrypted with.
        root_file: where the public half goes, for verifiers to pin.
    """

    def __init__(self, directory: Path, *, passphrase: PassphraseFile, root_file: Path) -> None:
        self._directory = directory
        self._passphrase = passphrase
        self._root_file = root_file

    @property
    def is_here(self) -> bool:
        """Whether the root key is here."""
        return self._file().exists()

    @property
    def endorsements(self) -> bytes:
        """What leads from each root of before to the one in force."""
        try:
            return self._endorsements.read_bytes()
        except FileNotFoundError:
            return NO_ENDORSEMENTS

    def create(self) -> None:
        """Make the first root key, and write its public half for verifiers to pin.

        Raises:
            KeyFileError: there is one, or it cannot be written.
        """
        signers.create(self._directory / _FIRST, self._passphrase.read(create=True))
        self.export()

    def signer(self) -> LocalSigner:
        """Open the root key in force.

        Raises:
            CustodyError: it is not here.
            KeyFileError: it cannot be opened.
        """
        if not self.is_here:
            raise CustodyError("there is no root key here: make one with `liangzheng keys create root`")
        return signers.load(self._file(), self._passphrase.read())

    def export(self, *former: ec.EllipticCurvePublicKey) -> None:
        """Write the public half for verifiers to pin, and behind it those that still count beside it."""
        keys = [self.signer().public, *former]
        pem = b"".join(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for key in keys)
        write_whole(self._root_file, pem)

    def hand_over(self, now: int) -> LocalSigner:
        """Make a new root key and have the one in force endorse it; from then on the new one signs.

        Both are pinned until a list by the new one is published (`export`). A kill at any point leaves
        either the old root in force or the new one.

        Returns:
            The new root key.
        """
        old = self.signer()
        fresh = self._directory / f"new-{secrets.token_hex(8)}.pem"
        new = signers.create(fresh, self._passphrase.read())
        fresh.rename(self._directory / _name(new.public))
        documents = [*split_endorsements(self.endorsements), endorse(new.public, by=old, now=now)]
        write_whole(self._endorsements, join_endorsements(documents))
        self.export(old.public)
        return new

    def sign(self, request: Unsigned) -> SignedLists:
        """Sign lists, and make sure that a verifier of this root would take them.

        Raises:
            TrustError: no verifier would.
        """
        root = self.signer()
        lists = SignedLists(
            cose.sign_document(request.trust, typ=TRUST_TYPE, signer=root),
            cose.sign_document(request.directory, typ=DIRECTORY_TYPE, signer=root),
            self.endorsements,
        )
        TrustList.open(lists, Roots.of(root.public))
        return lists

    def sign_once(self, request: Unsigned) -> SignedLists:
        """Sign lists of a version that was not signed before; the same request may come again.

        Raises:
            TrustError: no verifier would take them.
            CustodyError: lists of that version, or of a later one, were signed before.
        """
        lists = self.sign(request)
        version = TrustList.open(lists, Roots.of(self.signer().public)).version
        digest = hashlib.sha256(request.to_bytes()).digest()
        last, last_digest = self._last_signed()
        if version <= last and digest != last_digest:
            raise CustodyError(f"this root signed trust list {last} before: prepare a later one (--version)")
        write_whole(self._last, cbor2.dumps([version, digest]))
        return lists

    def _last_signed(self) -> tuple[int, bytes]:
        """Give version and digest of the request that was signed last."""
        try:
            version, digest = cbor2.loads(self._last.read_bytes())
        except FileNotFoundError:
            return 0, b""
        except (cbor2.CBORError, ValueError, TypeError) as error:
            raise CustodyError(f"{self._last} is out of form") from error
        return version, digest

    def _file(self) -> Path:
        documents = split_endorsements(self.endorsements)
        if not documents:
            return self._directory / _FIRST
        return self._directory / _name(_successor(documents))

    @property
    def _endorsements(self) -> Path:
        return self._directory / "root.endorsements"

    @property
    def _last(self) -> Path:
        return self._directory / "root.signed"


def _name(key: ec.EllipticCurvePublicKey) -> str:
    return f"root-{cose.kid_of(key).hex()}.pem"


def _successor(documents: Sequence[bytes]) -> ec.EllipticCurvePublicKey:
    """Read whom the last endorsement names. Our own file: which key is used is checked where lists are."""
    payload = cbor2.loads(documents[-1]).value[2]
    return cose.decode_key(cbor2.loads(payload)["root"])


def _byte_strings(content: bytes, names: Sequence[str]) -> dict[str, bytes]:
    try:
        if len(content) > 2 * LARGEST_LIST_BYTES:
            raise TrustError("the file is larger than any of ours")
        values = cbor2.loads(content, max_depth=2, allow_indefinite=False, allow_duplicate_keys=False)
    except cbor2.CBORError as error:
        raise TrustError("the file holds no lists") from error
    if not isinstance(values, dict) or set(values) != set(names):
        raise TrustError("the file holds no lists")
    if not all(type(value) is bytes for value in values.values()):
        raise TrustError("the file holds no lists")
    return values
