"""Signers: what holds a private key and signs with it. Here: PEM files encrypted with a passphrase.

Others keep the key where this process never sees it: in a hardware token (`pkcs11`), or behind a program of
the operator's (`command`). What comes from there is verified before it is given out: whatever a broken or
bought device answers, no signature leaves that verifiers would refuse, or that is another key's.

A private key never leaves this module: not in a repr, an error or a log.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from keys.files import KeyFileError, read_private, write_private
from verifier.certificate import cose
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.model import Kid

# Deterministic (RFC 6979): signing needs no randomness, and the test vectors come out the same every time.
_ECDSA: Final = ec.ECDSA(SHA256(), deterministic_signing=True)


ANSWER_SECONDS: Final = 10.0
"""How long a key that is elsewhere may take for an answer."""


class SignerError(LiangzhengError, OSError):
    """The key cannot sign now, or what holds it answered nonsense. Says nothing that is secret."""


class KeySigner(cose.Signer, Protocol):
    """A signer whose public half is known.

    Promise: as `cose.Signer`; it raises SignerError where the key cannot be reached, and the next call tries
    again from the start, without a restart of the program.
    """

    @property
    def public(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        ...


class Made(NamedTuple):
    """A key that was made: where it is, for `open`, and its public half."""

    location: str
    public: ec.EllipticCurvePublicKey


class KeyStore(Protocol):
    """A place where keys are made and kept.

    Promise: a key that `create` gave is there for good, for other processes too. Each call ends within
    seconds, or raises SignerError. `open` reaches for the key only when it is to sign.
    """

    def create(self, name: str) -> Made:
        """Make a key on P-256; the name says where, or how it is to be called."""
        ...

    def open(self, location: str, public: ec.EllipticCurvePublicKey) -> KeySigner:
        """Give the signer of a key that is there."""
        ...


class RemoteSigner:
    """Signs with a key that is elsewhere. What comes back is verified before it is given out.

    Args:
        public: the public half.
        ask: has the key sign a SHA-256 digest, and gives r and s as they came.
    """

    __slots__ = ("_ask", "kid", "public")

    def __init__(self, public: ec.EllipticCurvePublicKey, ask: Callable[[bytes], tuple[int, int]]) -> None:
        self._ask = ask
        self.public = public
        self.kid: Kid = cose.kid_of(public)

    def __repr__(self) -> str:
        return f"RemoteSigner(kid={self.kid.hex()})"

    def sign(self, data: bytes) -> bytes:
        """Give r‖s, 64 bytes with s ≤ n/2.

        Raises:
            SignerError: the key cannot be reached, or something else came back.
        """
        r, s = self._ask(hashlib.sha256(data).digest())
        if not (0 < r < cose.P256_ORDER and 0 < s < cose.P256_ORDER):
            raise SignerError("what should have signed gave no signature")
        signature = cose.normalised(r, s)
        try:
            cose.verify(self.public, data, signature)
        except cose.SignatureError as error:
            raise SignerError("what should have signed gave a signature that does not hold") from error
        return signature


class LocalSigner:
    """Signs with a private key in this process."""

    __slots__ = ("_key", "kid")

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self.kid: Kid = cose.kid_of(key.public_key())

    def __repr__(self) -> str:
        return f"LocalSigner(kid={self.kid.hex()})"

    @property
    def public(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        return self._key.public_key()

    def sign(self, data: bytes) -> bytes:
        """Give r‖s, 64 bytes with s ≤ n/2, the same for the same data."""
        return cose.normalised(*decode_dss_signature(self._key.sign(data, _ECDSA)))


def create(path: Path, passphrase: bytes) -> LocalSigner:
    """Make a key on P-256 and keep it in an encrypted file that only its owner may read.

    Raises:
        KeyFileError: the file exists, or cannot be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    write_private(path, pem)
    return LocalSigner(key)


def load(path: Path, passphrase: bytes) -> LocalSigner:
    """Open a key file.

    Raises:
        KeyFileError: missing, readable by others, wrong passphrase, or not a P-256 key.
    """
    try:
        key = load_pem_private_key(read_private(path), passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(f"{path}: wrong passphrase, or not an encrypted key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyFileError(f"{path}: not a key on P-256")
    return LocalSigner(key)
