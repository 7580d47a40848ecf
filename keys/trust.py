"""The public half of the keys: the signed trust list, the directory, and what a key may speak for.

The trust list says which issuers there are and which keys are theirs; the directory says where to complain
about an agency. An offline root key signs both, a verifier pins that root, and neither list is ever
replaced by one that is older, empty, expired or differs under the same version.
"""

import base64
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final, Self

import cbor2
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from verifier.certificate import cose
from verifier.certificate.dates import iso
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.model import Kid, Kind

TRUST_TYPE: Final = "application/liangzheng-trust+cbor"
DIRECTORY_TYPE: Final = "application/liangzheng-directory+cbor"
LARGEST_LIST_BYTES: Final = 16 << 20


class TrustError(LiangzhengError, ValueError):
    """A list or a root key that must not be relied on. The one in use, if any, stays in use."""


class KeyState(StrEnum):
    """Where a key stands in its life. The state that counts is the one at the time of the scan."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"
    COMPROMISED = "compromised"


class Purpose(StrEnum):
    """What a key signs."""

    CERTIFICATE = "certificate"
    STATUS = "status"


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)


_Text = Annotated[str, Field(max_length=120)]


class Contact(_Data):
    """Where a citizen complains."""

    body: _Text
    phone: _Text = ""
    url: Annotated[str, Field(max_length=200, pattern=r"^(https?://[!-~]+)?$")] = ""

    @cached_property
    def shown(self) -> dict[str, str]:
        """The contact as answers carry it."""
        return {"body": self.body, "phone": self.phone, "url": self.url}


class Issuer(_Data):
    """An issuing authority."""

    code: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,18}$")]
    name: _Text
    area: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    """Its GB/T 2260 code; the first two digits choose the jurisdiction."""
    level: _Text = "region"
    complaint: Contact


class Key(_Data):
    """A public key and what it is for."""

    cose_key: dict[int, int | bytes]
    alg: int = cose.ES256
    purpose: Annotated[Purpose, Field(strict=False)] = Purpose.CERTIFICATE
    issuer: str | None = None
    """None for a status key."""
    kinds: Annotated[tuple[int, ...], BeforeValidator(_as_tuple)] = (0, 1, 2)
    state: Annotated[KeyState, Field(strict=False)] = KeyState.ACTIVE
    since: int = 0
    """When it entered this state, in seconds since 1970."""


class StatusLists(_Data):
    """Where the Token Status Lists are, and how they are cut."""

    uri: _Text
    size: int = Field(ge=1)


class _Trust(_Data):
    version: int = Field(ge=1)
    issued: int
    ends: int
    issuers: Annotated[tuple[Issuer, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
    keys: Annotated[tuple[Key, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
    status_lists: StatusLists


class Agency(_Data):
    """An enforcing body as the directory has it."""

    issuer: str
    name: _Text
    complaint: Contact


class _Directory(_Data):
    version: int = Field(ge=1)
    issued: int
    ends: int
    agencies: Annotated[tuple[Agency, ...], BeforeValidator(_as_tuple)]


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key of the trust list, ready for use."""

    kid: Kid
    alg: int
    purpose: Purpose
    issuer: str | None
    kinds: frozenset[Kind]
    state: KeyState
    since: int
    public: ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class RootKey:
    """The pinned root: nothing is trusted that it did not sign."""

    kid: Kid
    public: ec.EllipticCurvePublicKey

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read the root's public key.

        Raises:
            TrustError: not a P-256 public key in PEM.
        """
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise TrustError("the root key is no public key in PEM") from error
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise TrustError("the root key is not on P-256")
        return cls(cose.kid_of(key), key)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustList:
    """A verified trust list with its directory."""

    version: int
    issued: int
    ends: int
    issuers: dict[str, Issuer]
    keys: dict[Kid, TrustedKey]
    status_lists: StatusLists
    agencies: dict[tuple[str, str], Agency]
    signed: bytes
    """The COSE bytes as received, for those who fetch them from us."""

    @classmethod
    def open(cls, trust: bytes, directory: bytes, root: RootKey) -> Self:
        """Verify both lists.

        Args:
            trust: the trust list, COSE_Sign1.
            directory: the directory, likewise.
            root: the pinned root.

        Returns:
            What they say.

        Raises:
            TrustError: unsigned, by another root, out of form, empty, or naming two keys alike.
        """
        try:
            listed = _Trust.model_validate(_open(trust, TRUST_TYPE, root))
            agencies = _Directory.model_validate(_open(directory, DIRECTORY_TYPE, root))
        except ValidationError as error:
            raise TrustError("the list is empty or out of form") from error
        if (agencies.version, agencies.ends) != (listed.version, listed.ends):
            raise TrustError("the directory was not published with this trust list")
        issuers = {issuer.code: issuer for issuer in listed.issuers}
        if len(issuers) != len(listed.issuers):
            raise TrustError("two issuers of the trust list have the same code")
        keys = dict[Kid, TrustedKey]()
        for key in listed.keys:
            usable = _usable(key)
            if usable.kid in keys:
                raise TrustError("two keys of the trust list have the same kid")
            if usable.purpose is Purpose.CERTIFICATE and usable.issuer not in issuers:
                raise TrustError("a key of the trust list has no issuer")
            keys[usable.kid] = usable
        return cls(
            version=listed.version,
            issued=listed.issued,
            ends=listed.ends,
            issuers=issuers,
            keys=keys,
            status_lists=listed.status_lists,
            agencies={(agency.issuer, agency.name): agency for agency in agencies.agencies},
            signed=trust,
        )

    def require_successor_of(self, former: "TrustList") -> None:
        """Refuse to fall back behind a list that was seen before.

        Raises:
            TrustError: older, or another list under the same version.
        """
        if self.version < former.version:
            raise TrustError(f"trust list {self.version} is older than {former.version}")
        if self.version == former.version and self.signed != former.signed:
            raise TrustError(f"two trust lists have the version {self.version}")

    def complaint_contact(self, issuer: str, agency: str | None) -> Contact:
        """Give the agency's supervising body, or the issuer's contact where the directory has none."""
        listed = self.agencies.get((issuer, agency)) if agency else None
        return listed.complaint if listed else self.issuers[issuer].complaint


def encode_trust(
    *,
    version: int,
    issued: int,
    ends: int,
    issuers: list[Issuer],
    keys: list[Key],
    status_lists: StatusLists,
) -> bytes:
    """Write the payload of a trust list.

    Raises:
        TrustError: nothing in it, or two keys with the same kid: such a list is not built.
    """
    kids = [cose.kid_of(cose.decode_key(key.cose_key)) for key in keys]
    if len(set(kids)) != len(kids):
        raise TrustError("two keys have the same kid; make another one")
    if not issuers or not keys:
        raise TrustError("a trust list without issuers or keys would end all trust")
    document = _Trust(
        version=version,
        issued=issued,
        ends=ends,
        issuers=tuple(issuers),
        keys=tuple(keys),
        status_lists=status_lists,
    )
    return cbor2.dumps(document.model_dump(exclude_none=True), canonical=True)


def encode_directory(*, version: int, issued: int, ends: int, agencies: list[Agency]) -> bytes:
    """Write the payload of a directory."""
    document = _Directory(version=version, issued=issued, ends=ends, agencies=tuple(agencies))
    return cbor2.dumps(document.model_dump(), canonical=True)


def readable(trust: TrustList) -> dict[str, Any]:
    """Give the trust list for people to read; what counts is the signed one."""
    return {
        "version": trust.version,
        "issued": iso(trust.issued),
        "ends": iso(trust.ends),
        "issuers": [issuer.model_dump() for issuer in trust.issuers.values()],
        "keys": [
            {
                "kid": key.kid.hex(),
                "issuer": key.issuer,
                "purpose": key.purpose,
                "kinds": [kind.name.lower() for kind in sorted(key.kinds)],
                "state": key.state,
                "since": iso(key.since),
            }
            for key in trust.keys.values()
        ],
        "status_lists": trust.status_lists.model_dump(),
        "agencies": [agency.model_dump() for agency in trust.agencies.values()],
    }


def jwks(trust: TrustList) -> dict[str, Any]:
    """Give all keys as a JSON Web Key Set (RFC 7517) for verifiers of other make."""
    return {"keys": [_jwk(key) for key in trust.keys.values()]}


def _jwk(key: TrustedKey) -> dict[str, Any]:
    point = key.public.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _base64url(point.x),
        "y": _base64url(point.y),
        "alg": "ES256",
        "use": "sig",
        "kid": key.kid.hex(),
        "iss": key.issuer,
        "purpose": key.purpose,
        "state": key.state,
    }


def _base64url(coordinate: int) -> str:
    return base64.urlsafe_b64encode(coordinate.to_bytes(32, "big")).rstrip(b"=").decode()


def _open(document: bytes, typ: str, root: RootKey) -> dict[str, Any]:
    if type(document) is not bytes:  # a database column may hold anything
        raise TrustError("the list is no document")
    if len(document) > LARGEST_LIST_BYTES:
        raise TrustError("the list is larger than any of ours")
    try:
        payload = cose.open_document(document, typ=typ, kid=root.kid, key=root.public)
        content = cbor2.loads(payload, max_depth=6, allow_indefinite=False, allow_duplicate_keys=False)
    except (cose.MalformedError, cose.SignatureError, cbor2.CBORError) as error:
        raise TrustError(f"{error} (is it signed by the pinned root?)") from error
    if not isinstance(content, dict):
        raise TrustError("the list is no map")
    return content


def _usable(key: Key) -> TrustedKey:
    try:
        public = cose.decode_key(key.cose_key)
        kinds = frozenset(Kind(kind) for kind in key.kinds)
    except ValueError as error:
        raise TrustError("a key of the trust list is out of form") from error
    return TrustedKey(
        kid=cose.kid_of(public),
        alg=key.alg,
        purpose=key.purpose,
        issuer=key.issuer,
        kinds=kinds,
        state=key.state,
        since=key.since,
        public=public,
    )
