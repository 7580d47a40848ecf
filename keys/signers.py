"""Signers: what holds a private key and signs with it. Here: PEM files encrypted with a passphrase.

A private key never leaves this module: not in a repr, an error or a log.
"""

from pathlib import Path
from typing import Final

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
from verifier.certificate.model import Kid

# Deterministic (RFC 6979): signing needs no randomness, and the test vectors come out the same every time.
_ECDSA: Final = ec.ECDSA(SHA256(), deterministic_signing=True)


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
