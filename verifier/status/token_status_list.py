"""Token Status Lists (draft-ietf-oauth-status-list-21): the states of all codes, for those who check offline.

Pure. A list packs the status of each index into 2 bits, compresses that, and travels signed, as a CWT or as a
JWT. Indices that were never given out read as valid, so a list tells nobody how many certificates there are.
"""

import base64
import zlib
from enum import IntEnum
from typing import Annotated, Any, Final, Literal, NamedTuple

import cbor2
import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from keys.trust import TrustList
from verifier.certificate import cose
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.cose import Signer
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.lifecycle import State
from verifier.certificate.model import Kid
from verifier.status.log import LogError, open_by_status_key

CWT_TYPE: Final = "application/statuslist+cwt"
JWT_TYPE: Final = "application/statuslist+jwt"
_JWT_TYP: Final = "statuslist+jwt"
BITS: Final = 2
"""Bits of a status: enough for valid, invalid and suspended."""

LIFETIME_SECONDS: Final = 86_400
"""From iat to exp: how long a list may be relied on by someone who has no network."""
TTL_SECONDS: Final = 43_200
"""For how long someone without a network may go on with the one that they fetched."""
SKEW_SECONDS: Final = 60
"""How far a list may be ahead of the reader's clock: clocks differ."""
LARGEST_TOKEN_BYTES: Final = 2 << 20
_LARGEST_ARRAY_BYTES: Final = BOUNDS.status_list_entries  # a byte an entry, at the most

# Claims of a CWT (RFC 8392, and section 5.2 of the draft).
_LABELS: Final = {"sub": 2, "exp": 4, "iat": 6, "ttl": 65534}
_LIST: Final = 65533
_Seconds = Annotated[int, Field(gt=0, lt=BOUNDS.seconds)]


class StatusType(IntEnum):
    """What a status says (section 7 of the draft)."""

    VALID = 0
    INVALID = 1
    SUSPENDED = 2


STATUS_OF: Final = {
    State.VALID: StatusType.VALID,
    State.SUSPENDED: StatusType.SUSPENDED,
    State.REVOKED: StatusType.INVALID,
}


class StatusListError(LiangzhengError, ValueError):
    """A list that says nothing about any certificate: not even that one holds."""


class StatusList(NamedTuple):
    """A list as it was signed."""

    uri: str
    """`sub`: what it is the list of."""
    issued: int
    expires: int
    ttl: int
    bits: int
    array: bytes
    """The statuses, packed."""
    aggregation: str | None = None
    """Where the addresses of all lists are."""

    def status(self, index: int) -> int:
        """Give the status at an index.

        Raises:
            StatusListError: the list does not reach that far.
        """
        place, shift = _place(index, self.bits)
        if not 0 <= place < len(self.array):
            raise StatusListError(f"the status list has no index {index}")
        return self.array[place] >> shift & ((1 << self.bits) - 1)

    def require_current(self, now: float, *, resolved: float, most_seconds: int) -> None:
        """Refuse a list that is too old to be relied on, or from the future.

        Args:
            now: the time.
            resolved: when it was fetched.
            most_seconds: the reader's own bound on its age.

        Raises:
            StatusListError: it is.
        """
        if now >= self.expires:
            raise StatusListError("the status list has expired")
        if now - self.issued > most_seconds:
            raise StatusListError(f"the status list is older than {most_seconds} seconds")
        if now > resolved + self.ttl:
            raise StatusListError(f"the status list was fetched more than {self.ttl} seconds ago, its ttl")
        if self.issued - now > SKEW_SECONDS:
            raise StatusListError("the status list is from the future; is the clock right?")


def uri_of(trust: TrustList, number: int) -> str:
    """Give the address of a list: its name in tokens and codes alike."""
    uri = trust.status_lists.uri
    return uri.replace("{list}", str(number)) if "{list}" in uri else f"{uri}{number}"


def aggregation_of(trust: TrustList) -> str:
    """Give the address of the addresses of all lists (section 9 of the draft)."""
    return trust.status_lists.uri.removesuffix("{list}").removesuffix("/")


def blank(entries: int, bits: int = BITS) -> bytearray:
    """Give the array of a list in which all is valid."""
    return bytearray((entries * bits + 7) // 8)


def write(array: bytearray, index: int, status: int, bits: int = BITS) -> None:
    """Put a status into an array; the lowest bits of a byte are its first entry (section 4.1)."""
    place, shift = _place(index, bits)
    mask = (1 << bits) - 1
    array[place] = array[place] & ~(mask << shift) | (status & mask) << shift


def compress(array: bytes | bytearray) -> bytes:
    """Compress an array as the draft recommends: zlib at its highest level."""
    return zlib.compress(array, 9)


def decompress(lst: bytes, largest: int = _LARGEST_ARRAY_BYTES) -> bytes:
    """Expand what `compress` gave, and not a byte more than there can be.

    Raises:
        StatusListError: no zlib data, cut short, longer than any list, or with something behind it.
    """
    expander = zlib.decompressobj()
    try:
        array = expander.decompress(lst, largest + 1)
    except zlib.error as error:
        raise StatusListError("the status list is no zlib data") from error
    if len(array) > largest or not expander.eof or expander.unused_data:
        raise StatusListError("the status list is cut short, too long, or something is behind it")
    return array


def to_cbor(bits: int, lst: bytes, aggregation: str | None = None) -> dict[str, Any]:
    """Give the StatusList structure in CBOR (section 4.3)."""
    return {"bits": bits, "lst": lst} | ({"aggregation_uri": aggregation} if aggregation else {})


def to_json(bits: int, lst: bytes, aggregation: str | None = None) -> dict[str, Any]:
    """Give the StatusList structure in JSON (section 4.2)."""
    return {"bits": bits, "lst": _base64url(lst).decode()} | (
        {"aggregation_uri": aggregation} if aggregation else {}
    )


def sign(of: StatusList, signer: Signer) -> tuple[bytes, bytes]:
    """Sign a list in both forms; it is compressed once.

    Returns:
        The CWT (section 5.2: COSE_Sign1 with its tag, and no CWT tag), and the JWT (section 5.1).
    """
    lst = compress(of.array)
    facts = {"sub": of.uri, "exp": of.expires, "iat": of.issued, "ttl": of.ttl}
    claims: dict[int, Any] = {_LABELS[name]: value for name, value in facts.items()}
    claims[_LIST] = to_cbor(of.bits, lst, of.aggregation)
    cwt = cose.sign_document(cbor2.dumps(claims, canonical=True), typ=CWT_TYPE, signer=signer)
    content = _json_claims(of, to_json(of.bits, lst, of.aggregation))
    signed = _jwt_header(signer.kid.hex()) + b"." + _base64url(content)
    return cwt, signed + b"." + _base64url(signer.sign(signed))


def open_token(token: bytes, trust: TrustList, *, uri: str) -> StatusList:
    """Verify a list of either form. Its age is still to be judged.

    Args:
        token: CWT or JWT.
        trust: the trust list in force; a status key of it that is not compromised must have signed.
        uri: what it must be the list of.

    Raises:
        StatusListError: anything else.
    """
    if len(token) > LARGEST_TOKEN_BYTES:
        raise StatusListError("the status list is larger than any of ours")
    opened = _open_jwt(token, trust) if token.startswith(b"eyJ") else _open_cwt(token, trust)
    if opened.uri != uri:
        raise StatusListError("the status list is another one than the code names")
    return opened


def _open_cwt(token: bytes, trust: TrustList) -> StatusList:
    try:
        payload = open_by_status_key(token, CWT_TYPE, trust)
        claims = cbor2.loads(payload, max_depth=4, allow_indefinite=False, allow_duplicate_keys=False)
        is_deterministic = cbor2.dumps(claims, canonical=True) == payload
        content = {name: claims[label] for name, label in _LABELS.items()}
        found = _Claims.model_validate(content | claims[_LIST])
    except LogError as error:
        raise StatusListError("the status list is signed by no status key") from error
    except (cbor2.CBORError, LookupError, TypeError, ValidationError) as error:
        raise StatusListError("the status list is out of form") from error
    if not is_deterministic:
        raise StatusListError("the status list is out of form")
    return found.opened()


def _open_jwt(token: bytes, trust: TrustList) -> StatusList:
    signed, _, signature = token.rpartition(b".")
    header, _, content = signed.partition(b".")
    key = trust.status_key(_kid_in(header))
    if key is None:
        raise StatusListError("the status list is signed by no status key")
    try:
        cose.verify(key.public, signed, _from_base64url(signature))
        claims = orjson.loads(_from_base64url(content))
        facts = claims.pop("status_list")
        found = _Claims.model_validate(claims | facts | {"lst": _from_base64url(facts["lst"].encode())})
    except cose.SignatureError as error:
        raise StatusListError("the status list is signed by no status key") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise StatusListError("the status list is out of form") from error
    opened = found.opened()
    if _base64url(_json_claims(opened, facts)) != content:  # two members of one name, and the like
        raise StatusListError("the status list is out of form")
    return opened


class _Claims(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    sub: str
    iat: _Seconds
    exp: _Seconds
    ttl: _Seconds
    bits: Literal[1, 2, 4, 8]
    lst: bytes
    aggregation_uri: str | None = None

    def opened(self) -> StatusList:
        return StatusList(
            self.sub, self.iat, self.exp, self.ttl, self.bits, decompress(self.lst), self.aggregation_uri
        )


def _jwt_header(kid: str) -> bytes:
    return _base64url(orjson.dumps({"alg": "ES256", "kid": kid, "typ": _JWT_TYP}))


def _kid_in(header: bytes) -> Kid | None:
    """Give the kid of a JWT's header; None where it is not the one form that our headers have."""
    try:
        kid = str(orjson.loads(_from_base64url(header))["kid"])
        return Kid(bytes.fromhex(kid)) if _jwt_header(kid) == header else None
    except (ValueError, LookupError, TypeError):
        return None


def _json_claims(of: StatusList, facts: dict[str, Any]) -> bytes:
    return orjson.dumps(
        {"sub": of.uri, "iat": of.issued, "exp": of.expires, "ttl": of.ttl, "status_list": facts}
    )


def _place(index: int, bits: int) -> tuple[int, int]:
    """Give the byte that an entry is in, and how far up in it."""
    place, entry = divmod(index, 8 // bits)
    return place, entry * bits


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _from_base64url(text: bytes) -> bytes:
    content = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _base64url(content) != text:
        raise StatusListError("the status list is out of form")
    return content
