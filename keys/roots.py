"""The root keys that a verifier pins, and how one root hands over to the next.

A root is offline and signs the trust list. It hands over by an endorsement: a document, signed by it, that
names its successor. From then on the successor alone counts: whoever pinned the older root follows the
endorsements, and nobody goes back. Where a root was lost, and so can endorse nobody, verifiers pin the new
one in front of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Self

import cbor2
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from verifier.certificate import cose
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.model import Kid

ENDORSEMENT_TYPE: Final = "application/liangzheng-root+cbor"
MOST_PINNED: Final = 4
"""Root keys that a verifier may pin at once."""
MOST_ENDORSEMENTS: Final = 16
"""Changes of the root that can be followed; each takes some 150 bytes."""
LARGEST_ENDORSEMENTS_BYTES: Final = MOST_ENDORSEMENTS * 512
NO_ENDORSEMENTS: Final = b"\x80"
"""An empty CBOR array."""
_PEM_END: Final = b"-----END PUBLIC KEY-----"


class TrustError(LiangzhengError, ValueError):
    """A list or a root key that must not be relied on. The one in use, if any, stays in use."""


class _Endorsement(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    root: dict[int, int | bytes]
    """The successor, as a COSE_Key."""
    issued: Annotated[int, Field(ge=0, lt=BOUNDS.seconds)]


@dataclass(frozen=True, slots=True)
class RootKey:
    """One root: nothing is trusted that no root signed."""

    kid: Kid
    public: ec.EllipticCurvePublicKey

    @classmethod
    def of(cls, public: ec.EllipticCurvePublicKey) -> Self:
        """Name a public key."""
        return cls(cose.kid_of(public), public)

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
        return cls.of(key)


@dataclass(frozen=True, slots=True)
class Lineage:
    """A root that may sign now, and how it is known."""

    root: RootKey
    rank: int
    """The place, among those that are pinned, of the root that the way begins at; 0 is the newest."""
    way: tuple[Kid, ...]
    """From the pinned root to this one, both included."""

    def follows(self, former: "Lineage") -> bool:
        """Tell whether lists by this root may come after lists by that one."""
        return former.root.kid in self.way or self.rank < former.rank


@dataclass(frozen=True, slots=True)
class Roots:
    """The pinned set, the newest first. One root, except while it changes."""

    pinned: tuple[RootKey, ...]

    @classmethod
    def of(cls, *keys: ec.EllipticCurvePublicKey) -> Self:
        """Pin public keys, the newest first."""
        return cls(tuple(map(RootKey.of, keys)))

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read public keys in PEM, one after another.

        Raises:
            TrustError: none, too many, or not P-256 public keys.
        """
        blocks = [block + _PEM_END for block in pem.split(_PEM_END)[:-1]] or [pem]
        if len(blocks) > MOST_PINNED:
            raise TrustError(f"more than {MOST_PINNED} root keys are pinned")
        return cls(tuple(map(RootKey.from_pem, blocks)))

    def in_force(self, endorsements: bytes = NO_ENDORSEMENTS) -> list[Lineage]:
        """Follow the endorsements, and give the roots that may sign: those that endorsed no successor.

        Args:
            endorsements: as `join_endorsements` gives them, in the order in which they were made.

        Raises:
            TrustError: out of form, or one by a root that has handed over before.
        """
        in_force = {root.kid: Lineage(root, rank, (root.kid,)) for rank, root in enumerate(self.pinned)}
        gone = set[Kid]()
        for document in split_endorsements(endorsements):
            kid = cose.kid_in(document)
            by = in_force.get(kid) if kid is not None else None
            if by is None:
                continue  # from before the root that is pinned
            successor = _open(document, by.root)
            if successor.kid in gone:
                raise TrustError("a root key hands over to one that was replaced")
            del in_force[by.root.kid]
            gone.add(by.root.kid)
            known = in_force.get(successor.kid)
            if known is None or by.rank < known.rank:
                in_force[successor.kid] = Lineage(successor, by.rank, (*by.way, successor.kid))
            else:
                in_force[successor.kid] = Lineage(successor, known.rank, (*by.way, *known.way))
        return list(in_force.values())


def endorse(successor: ec.EllipticCurvePublicKey, *, by: cose.Signer, now: int) -> bytes:
    """Have a root name its successor.

    Args:
        successor: the new root's public key.
        by: the root that hands over.
        now: when.
    """
    payload = cbor2.dumps({"root": cose.encode_key(successor), "issued": now}, canonical=True)
    return cose.sign_document(payload, typ=ENDORSEMENT_TYPE, signer=by)


def join_endorsements(documents: Sequence[bytes]) -> bytes:
    """Put endorsements together as they are published: a CBOR array of byte strings, the first one first."""
    return cbor2.dumps(list(documents))


def split_endorsements(endorsements: bytes) -> list[bytes]:
    """Give the endorsements one by one; none of them is verified yet.

    Raises:
        TrustError: too large, or not such an array.
    """
    if type(endorsements) is not bytes or len(endorsements) > LARGEST_ENDORSEMENTS_BYTES:
        raise TrustError("the endorsements of root keys are out of bounds")
    try:
        documents = cbor2.loads(endorsements, max_depth=2, allow_indefinite=False)
    except cbor2.CBORError as error:
        raise TrustError("the endorsements of root keys are out of form") from error
    if not isinstance(documents, list) or not all(type(document) is bytes for document in documents):
        raise TrustError("the endorsements of root keys are out of form")
    if len(documents) > MOST_ENDORSEMENTS or join_endorsements(documents) != endorsements:
        raise TrustError("the endorsements of root keys are out of form")
    return documents


def _open(document: bytes, root: RootKey) -> RootKey:
    try:
        payload = cose.open_document(document, typ=ENDORSEMENT_TYPE, kid=root.kid, key=root.public)
        content = cbor2.loads(payload, max_depth=3, allow_indefinite=False, allow_duplicate_keys=False)
        successor = _Endorsement.model_validate(content)
        return RootKey.of(cose.decode_key(successor.root))
    except (cose.MalformedError, cose.SignatureError, cbor2.CBORError, ValidationError) as error:
        raise TrustError("the endorsement of a root key does not hold") from error
