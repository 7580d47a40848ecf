"""COSE_Sign1 (RFC 9052): the one frame in which everything that we sign travels.

Two users: a certificate's code, whose frame has a single allowed form and is therefore cut by position
(`parse_code`), and the documents that we publish (`sign_document`, `open_document`), whose protected
header also names their type, so that no document can pass for another.

The key decides the algorithm: the signed `alg` must be the key's. Nothing unprotected is ever used.
"""

import hashlib
from typing import Any, Final, NamedTuple, Protocol

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from verifier.certificate.errors import LiangzhengError
from verifier.certificate.model import Kid

ES256: Final = -7
"""ECDSA on P-256 with SHA-256 (RFC 9053 2.1)."""
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SIGNATURE_BYTES: Final = 64
KID_BYTES: Final = 4

ALG: Final = 1
KID: Final = 4
TYP: Final = 16

# Hashing with hashlib spares 1 % of a verification against letting `cryptography` hash.
_ECDSA: Final = ec.ECDSA(Prehashed(SHA256()))
_HALF_ORDER: Final = (P256_ORDER // 2).to_bytes(32, "big")
_SIGN1: Final = 18

# D2 84: tag 18, array of 4. 49 A2 01 26 04 44: protected {1: -7, 4: kid}; then the 4 bytes of the kid.
_FRAME_ES256: Final = bytes.fromhex("d28449a201260444")
_FRAME: Final = bytes.fromhex("d284")
# A3 01 26 04 44: how the protected header {1: -7, 4: kid, 16: typ} of a document begins; the kid follows.
_DOCUMENT_HEADER: Final = bytes.fromhex("a301260444")
_SIGNATURE_HEAD: Final = bytes.fromhex("5840")
MOST_FRAME_BYTES: Final = len(_FRAME_ES256) + KID_BYTES + 1 + 3 + len(_SIGNATURE_HEAD) + SIGNATURE_BYTES
"""What a code takes beside its payload, at most: one byte is of the unprotected header, three of a length."""
# Sig_structure: ["Signature1", protected, external_aad = h'', payload] (RFC 9052 4.4).
_CONTEXT: Final = b"\x84\x6aSignature1"


class MalformedError(LiangzhengError, ValueError):
    """The bytes are not a frame of ours."""


class SignatureError(LiangzhengError, ValueError):
    """The signature does not hold for these bytes under this key."""


class Signer(Protocol):
    """Something that holds a private key and signs with it.

    Promise: `sign` returns r‖s of 64 bytes with s ≤ n/2 over the given bytes, or raises; it never returns
    a signature by another key than `kid` names.
    """

    @property
    def kid(self) -> Kid:
        """The key's name."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign the bytes."""
        ...


class Frame(NamedTuple):
    """A code cut into its parts. Nothing in it has been verified; the payload is still sealed bytes."""

    alg: int
    kid: Kid
    signed: bytes
    """The Sig_structure: what the signature is over."""
    payload: bytes
    signature: bytes


def sign_code(payload: bytes, signer: Signer) -> bytes:
    """Sign the claims of a certificate.

    Args:
        payload: claims in deterministic CBOR.
        signer: the issuer's key.

    Returns:
        The code's bytes.
    """
    protected = _FRAME_ES256[3:] + signer.kid
    signature = signer.sign(_to_be_signed(_head(2, len(protected)) + protected, payload))
    return (
        _FRAME_ES256 + signer.kid + b"\xa0" + _head(2, len(payload)) + payload + _SIGNATURE_HEAD + signature
    )


def parse_code(code: bytes) -> Frame:
    """Cut a code into its parts.

    Args:
        code: bytes from outside.

    Returns:
        The unverified parts.

    Raises:
        MalformedError: not the one form that a code has (docs/code-format.md, "Frame").
    """
    if code.startswith(_FRAME_ES256):
        alg, at = ES256, 12
    else:
        alg, at = _parse_other_alg(code)
    # Behind the protected header: A0 (nothing unprotected), the payload, 58 40, 64 bytes of signature.
    if len(code) < at + 3 + 24 + 2 + SIGNATURE_BYTES:  # 58 means 24 bytes or more
        raise MalformedError("too short")
    unprotected, head, size = code[at : at + 3]
    start = at + 3
    if head == 0x59 and size:
        size = size << 8 | code[start]
        start += 1
    elif head != 0x58:
        raise MalformedError("payload out of form")
    end = start + size
    if (
        unprotected != 0xA0
        or len(code) != end + 2 + SIGNATURE_BYTES
        or code[end : end + 2] != _SIGNATURE_HEAD
    ):
        raise MalformedError("unprotected header, length or signature out of form")
    return Frame(
        alg,
        Kid(code[at - KID_BYTES : at]),
        _CONTEXT + code[2:at] + b"\x40" + code[at + 1 : end],
        code[start:end],
        code[end + 2 :],
    )


def verify(key: ec.EllipticCurvePublicKey, signed: bytes, signature: bytes) -> None:
    """Check an ES256 signature.

    Args:
        key: the public key, on P-256.
        signed: what it should be over.
        signature: r‖s, 64 bytes.

    Raises:
        SignatureError: it does not hold, or its s is above n/2: each signature has one form only.
    """
    r, s = signature[:32], signature[32:]
    if len(s) != 32 or s > _HALF_ORDER:
        raise SignatureError("not a normalised signature")
    try:
        key.verify(_der(r, s), hashlib.sha256(signed).digest(), _ECDSA)
    except InvalidSignature as error:
        raise SignatureError("signature does not hold") from error


def normalised(r: int, s: int) -> bytes:
    """Give r‖s with s ≤ n/2, as every signature of ours is written."""
    return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")


def sign_document(payload: bytes, *, typ: str, signer: Signer) -> bytes:
    """Sign a document that we publish.

    Args:
        payload: its bytes.
        typ: its type, in the protected header (RFC 9596).
        signer: the key.

    Returns:
        COSE_Sign1, tagged.
    """
    protected = cbor2.dumps({ALG: ES256, KID: signer.kid, TYP: typ})
    signature = signer.sign(_to_be_signed(_head(2, len(protected)) + protected, payload))
    return cbor2.dumps(cbor2.CBORTag(_SIGN1, [protected, {}, payload, signature]))


def open_document(document: bytes, *, typ: str, kid: Kid, key: ec.EllipticCurvePublicKey) -> bytes:
    """Verify a document and give its payload.

    Args:
        document: COSE_Sign1, tagged.
        typ: the type that it must have.
        kid: the key that must have signed it.
        key: that key.

    Returns:
        The payload, verified.

    Raises:
        MalformedError: not such a document, or of another type or key.
        SignatureError: the signature does not hold.
    """
    try:
        tag = cbor2.loads(document, max_depth=4, allow_indefinite=False, allow_duplicate_keys=False)
    except cbor2.CBORError as error:
        raise MalformedError("not CBOR") from error
    parts = tag.value if isinstance(tag, cbor2.CBORTag) and tag.tag == _SIGN1 else None
    if not isinstance(parts, (list, tuple)) or len(parts) != 4:
        raise MalformedError("not a COSE_Sign1")
    protected, unprotected, payload, signature = parts
    if not (isinstance(payload, bytes) and isinstance(signature, bytes) and unprotected == {}):
        raise MalformedError("not a COSE_Sign1 of ours")
    if protected != cbor2.dumps({ALG: ES256, KID: kid, TYP: typ}):
        raise MalformedError(f"not a {typ} by the expected key")
    if cbor2.dumps(cbor2.CBORTag(_SIGN1, [protected, {}, payload, signature])) != document:
        raise MalformedError("trailing bytes, or not in deterministic encoding")
    verify(key, _to_be_signed(_head(2, len(protected)) + protected, payload), signature)
    return payload


def kid_in(document: bytes) -> Kid | None:
    """Give the kid that a document's protected header names; None where there is no such header.

    Whose signature it is stays to be verified. The rest of the document may hold any bytes, those of other
    kids among them.
    """
    start = 4 if document[2:3] == b"\x58" else 3
    header = document[start : start + len(_DOCUMENT_HEADER) + KID_BYTES]
    if not document.startswith(_FRAME) or not header.startswith(_DOCUMENT_HEADER):
        return None
    return Kid(header[len(_DOCUMENT_HEADER) :])


def encode_key(key: ec.EllipticCurvePublicKey) -> dict[int, Any]:
    """Give a public key as a COSE_Key map (RFC 9053 7.1.1)."""
    point = key.public_numbers()
    return {1: 2, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}


def decode_key(key: object) -> ec.EllipticCurvePublicKey:
    """Read a COSE_Key map.

    Raises:
        MalformedError: not a P-256 public key.
    """
    try:
        if not isinstance(key, dict) or key[1] != 2 or key[-1] != 1 or len(key) != 4:
            raise MalformedError("not a P-256 key")
        x, y = key[-2], key[-3]
        if len(x) != 32 or len(y) != 32:
            raise MalformedError("a coordinate has 32 bytes")
        point = ec.EllipticCurvePublicNumbers(
            int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
        )
        return point.public_key()
    except (LookupError, TypeError, ValueError) as error:
        raise MalformedError("not a P-256 key") from error


def thumbprint(key: ec.EllipticCurvePublicKey) -> bytes:
    """Give the COSE key thumbprint (RFC 9679): the SHA-256 of the deterministic COSE_Key, 32 bytes."""
    return hashlib.sha256(cbor2.dumps(encode_key(key), canonical=True)).digest()


def kid_of(key: ec.EllipticCurvePublicKey) -> Kid:
    """Give the name under which codes and lists know a key."""
    return Kid(thumbprint(key)[:KID_BYTES])


def _parse_other_alg(code: bytes) -> tuple[int, int]:
    """Read a protected header whose alg is not ES256: in form, but no key of ours has such an alg yet."""
    if not code.startswith(_FRAME) or len(code) < 3:
        raise MalformedError("not a COSE_Sign1")
    size = code[2] - 0x40
    end = 3 + size
    protected = code[3:end]
    if not 9 <= size <= 13 or len(protected) != size:
        raise MalformedError("protected header out of form")
    alg_bytes = protected[2:-6]
    if protected[:2] != b"\xa2\x01" or protected[-6:-4] != b"\x04\x44":
        raise MalformedError("protected header out of form")
    try:
        alg = cbor2.loads(alg_bytes, max_depth=1)
    except cbor2.CBORError as error:
        raise MalformedError("alg out of form") from error
    if type(alg) is not int or cbor2.dumps(alg) != alg_bytes:
        raise MalformedError("alg out of form")
    return alg, end


def _der(r: bytes, s: bytes) -> bytes:
    """Write r and s as `cryptography` takes them; by hand where neither begins with a zero byte."""
    if r[0] and s[0]:
        if r[0] < 0x80:
            return b"\x30\x44\x02\x20" + r + b"\x02\x20" + s
        return b"\x30\x45\x02\x21\x00" + r + b"\x02\x20" + s
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return _CONTEXT + protected + b"\x40" + _head(2, len(payload)) + payload


def _head(major: int, argument: int) -> bytes:
    """Encode the head of a CBOR item in its shortest form (RFC 8949 3)."""
    first = major << 5
    if argument < 24:
        return bytes((first | argument,))
    if argument < 1 << 8:
        return bytes((first | 24, argument))
    if argument < 1 << 16:
        return bytes((first | 25, *argument.to_bytes(2, "big")))
    return bytes((first | 26, *argument.to_bytes(4, "big")))
