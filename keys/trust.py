"""The public half of the keys: the signed trust list, the directory, and what a key may speak for.

The trust list says which issuers there are and which keys are theirs; the directory says where to complain
about an agency. An offline root key signs both, a verifier pins that root, and neither list is ever
replaced by one that is older, empty, expired or differs under the same version.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Final, NamedTuple, Self, TypeVar

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from keys.roots import NO_ENDORSEMENTS, Lineage, Roots, TrustError
from verifier.certificate import cose
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.model import Kid, Kind

TRUST_TYPE: Final = "application/liangzheng-trust+cbor"
DIRECTORY_TYPE: Final = "application/liangzheng-directory+cbor"
LARGEST_LIST_BYTES: Final = 16 << 20
MOST_KEYS: Final = 8_192
"""Keys of a trust list: twenty years of yearly rotation for 400 issuers. None is ever taken out, since the
codes that it signed would then be called forged instead of expired."""
MOST_ISSUERS: Final = 2_048
WARNING_SECONDS: Final = 6 * 7 * 86_400
"""How long before a trust list ends readiness and metrics begin to say so."""


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


_List = TypeVar("_List", bound="_Data")


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)


_Text = Annotated[str, Field(max_length=120)]
_Seconds = Annotated[int, Field(ge=0, lt=BOUNDS.seconds)]


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
    since: _Seconds = 0
    """When it entered this state, in seconds since 1970."""
    signs_from: _Seconds | None = None
    """When it begins to sign, as planned or as it was; None where it never did."""
    signs_until: _Seconds | None = None
    """When it ceased to sign; None while it has not."""


class StatusLists(_Data):
    """Where the Token Status Lists are, and how they are cut."""

    uri: _Text
    size: int = Field(ge=1)


class _Trust(_Data):
    version: int = Field(ge=1)
    issued: _Seconds
    ends: _Seconds
    issuers: Annotated[
        tuple[Issuer, ...], BeforeValidator(_as_tuple), Field(min_length=1, max_length=MOST_ISSUERS)
    ]
    keys: Annotated[tuple[Key, ...], BeforeValidator(_as_tuple), Field(min_length=1, max_length=MOST_KEYS)]
    status_lists: StatusLists


class Agency(_Data):
    """An enforcing body as the directory has it."""

    issuer: str
    name: _Text
    complaint: Contact


class _Directory(_Data):
    version: int = Field(ge=1)
    issued: _Seconds
    ends: _Seconds
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
    signs_from: int | None
    signs_until: int | None


class SignedLists(NamedTuple):
    """A trust list, its directory, and what leads to the root that signed them, as they are published."""

    trust: bytes
    directory: bytes
    endorsements: bytes = NO_ENDORSEMENTS


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
    lists: SignedLists
    """The bytes as received, for those who fetch them from us."""
    signed_by: Lineage
    """The root, and how it is known."""

    @property
    def signed(self) -> bytes:
        """The COSE bytes of the trust list as received."""
        return self.lists.trust

    @classmethod
    def open(cls, lists: SignedLists, roots: Roots) -> Self:
        """Verify both lists.

        Args:
            lists: the trust list and the directory, each a COSE_Sign1, and the endorsements of roots.
            roots: the pinned set.

        Returns:
            What they say.

        Raises:
            TrustError: unsigned, by another root or one that handed over, out of form, empty, or naming two
                keys alike or the root itself.
        """
        line, payload = _open_by_root(lists, roots)
        listed = _read(_Trust, payload)
        agencies = _read(_Directory, _open(lists.directory, DIRECTORY_TYPE, line))
        if (agencies.version, agencies.ends) != (listed.version, listed.ends):
            raise TrustError("the directory was not published with this trust list")
        if listed.ends <= listed.issued:
            raise TrustError("the trust list ends before it begins")
        issuers = {issuer.code: issuer for issuer in listed.issuers}
        if len(issuers) != len(listed.issuers):
            raise TrustError("two issuers of the trust list have the same code")
        return cls(
            version=listed.version,
            issued=listed.issued,
            ends=listed.ends,
            issuers=issuers,
            keys=_usable_keys(listed.keys, issuers, line),
            status_lists=listed.status_lists,
            agencies={(agency.issuer, agency.name): agency for agency in agencies.agencies},
            lists=lists,
            signed_by=line,
        )

    def require_successor_of(self, former: "TrustList") -> None:
        """Refuse to fall back behind a list that was seen before.

        Raises:
            TrustError: older, another list under the same version, or by a root that was replaced.
        """
        if self.version < former.version:
            raise TrustError(f"trust list {self.version} is older than {former.version}")
        if self.version == former.version and self.signed != former.signed:
            raise TrustError(f"two trust lists have the version {self.version}")
        if not self.signed_by.follows(former.signed_by):
            raise TrustError("the trust list is signed by a root key that was replaced")

    def status_key(self, kid: Kid | None) -> TrustedKey | None:
        """Give the key of that kid, if it is one whose word on the status of certificates counts."""
        key = self.keys.get(kid) if kid is not None else None
        if key is None or key.purpose is not Purpose.STATUS or key.state is KeyState.COMPROMISED:
            return None
        return key

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
    return _written(document)


def encode_directory(*, version: int, issued: int, ends: int, agencies: list[Agency]) -> bytes:
    """Write the payload of a directory."""
    return _written(_Directory(version=version, issued=issued, ends=ends, agencies=tuple(agencies)))


def _written(document: _Data) -> bytes:
    return cbor2.dumps(document.model_dump(exclude_none=True), canonical=True)


def _read(model: type[_List], payload: bytes) -> _List:
    """Read a payload in its one form: nothing is left out of it, and its members are in their order.

    So no list reads otherwise here than to a verifier that knows no default for what is left out.
    """
    try:
        content = cbor2.loads(payload, max_depth=6, allow_indefinite=False, allow_duplicate_keys=False)
        document = model.model_validate(content)
    except (cbor2.CBORError, ValidationError) as error:
        raise TrustError("the list is empty, too long or out of form") from error
    if _written(document) != payload:
        raise TrustError("the list is not in the one form that it has: something is missing or out of order")
    return document


def _open_by_root(lists: SignedLists, roots: Roots) -> tuple[Lineage, bytes]:
    """Open the trust list with whichever root may sign it."""
    in_force = roots.in_force(lists.endorsements)
    for line in in_force[:-1]:
        try:
            return line, _open(lists.trust, TRUST_TYPE, line)
        except TrustError:
            continue
    return in_force[-1], _open(lists.trust, TRUST_TYPE, in_force[-1])


def _open(document: bytes, typ: str, by: Lineage) -> bytes:
    if type(document) is not bytes:  # a database column may hold anything
        raise TrustError("the list is no document")
    if len(document) > LARGEST_LIST_BYTES:
        raise TrustError("the list is larger than any of ours")
    root = by.root
    try:
        return cose.open_document(document, typ=typ, kid=root.kid, key=root.public)
    except (cose.MalformedError, cose.SignatureError) as error:
        raise TrustError(f"{error} (is it signed by the pinned root?)") from error


def _usable_keys(listed: tuple[Key, ...], issuers: dict[str, Issuer], by: Lineage) -> dict[Kid, TrustedKey]:
    keys = dict[Kid, TrustedKey]()
    for key in listed:
        usable = _usable(key)
        if usable.kid in keys:
            raise TrustError("two keys of the trust list have the same kid")
        if usable.kid in by.way:
            raise TrustError("the trust list names its own root as a key")
        if usable.purpose is Purpose.CERTIFICATE and usable.issuer not in issuers:
            raise TrustError("a key of the trust list has no issuer")
        if usable.purpose is Purpose.STATUS and usable.issuer is not None:
            raise TrustError("a status key of the trust list has an issuer")
        keys[usable.kid] = usable
    return keys


def _usable(key: Key) -> TrustedKey:
    if key.alg != cose.ES256:
        raise TrustError(f"a key of the trust list has an algorithm that is not known here ({key.alg})")
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
        signs_from=key.signs_from,
        signs_until=key.signs_until,
    )
