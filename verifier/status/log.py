"""The status log: one entry for each change of a code's state, chained by hash, closed by signed heads.

It carries no name and no private reason: index, state, times, the public class of the reason, and the
digest of the signed claims. Each entry's chain hash covers the one before it, so that a head, which signs
the last hash, signs the whole log.
"""

import hashlib
import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

import cbor2

from keys.trust import TrustList
from verifier.certificate import cose
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.lifecycle import ReasonClass, Standing, State
from verifier.certificate.model import StatusReference

HEAD_TYPE: Final = "application/liangzheng-head+cbor"
CLAIMS_DIGEST_BYTES: Final = 12
CHAIN_START: Final = bytes(32)
"""The chain hash before the first entry."""

# sequence, list, index, state, since, until (0: none), reason class, digest; big-endian, without padding.
_ENTRY: Final = struct.Struct(">QHIBqqB12s")


class LogError(LiangzhengError, ValueError):
    """The log, or a head of it, is not what it should be. The node keeps what it knew before."""


class Entry(NamedTuple):
    """One change. All numbers are as in the register's table; times in seconds since 1970."""

    sequence: int
    status_list: int
    idx: int
    """The index in that list, as the Token Status List draft calls it."""
    state: int
    since: int
    until: int
    """0: none."""
    reason: int
    digest: bytes

    def standing(self) -> Standing:
        """Give the standing that this entry brings about."""
        return Standing(
            state=State(self.state),
            since=self.since,
            until=self.until or None,
            reason=ReasonClass(self.reason),
        )


class Head(NamedTuple):
    """What a publisher signs: how far the log goes, and which trust list goes with it."""

    epoch: bytes
    """Names this log; another epoch is another log from its first entry on."""
    sequence: int
    chain: bytes
    trust_version: int
    trust_hash: bytes
    """SHA-256 of the signed trust list of that version."""
    time: int


def claims_digest(payload: bytes) -> bytes:
    """Give the digest by which the log knows signed claims: 12 bytes of their SHA-256."""
    return hashlib.sha256(payload).digest()[:CLAIMS_DIGEST_BYTES]


def entry_of(sequence: int, status: StatusReference, standing: Standing, digest: bytes) -> Entry:
    """Write a standing down as an entry."""
    return Entry(
        sequence,
        status.list,
        status.index,
        int(standing.state),
        standing.since,
        standing.until or 0,
        int(standing.reason),
        digest,
    )


def extend_chain(chain: bytes, entry: Entry) -> bytes:
    """Give the chain hash after an entry: SHA-256 over the hash before it and the entry."""
    return hashlib.sha256(chain + _ENTRY.pack(*entry)).digest()


def chain_over(chain: bytes, after: int, entries: Iterable[Entry]) -> tuple[bytes, int]:
    """Recompute the chain over entries that must follow one another.

    Args:
        chain: the hash before the first of them.
        after: the sequence number before the first of them.
        entries: in order.

    Returns:
        The hash and the sequence number after the last.

    Raises:
        LogError: a gap, or a number that no entry can hold.
    """
    sha256, pack = hashlib.sha256, _ENTRY.pack
    try:
        for entry in entries:
            after += 1
            if entry[0] != after:
                raise LogError(f"the log has a gap before entry {entry[0]}")
            chain = sha256(chain + pack(*entry)).digest()
    except struct.error as error:
        raise LogError(f"entry {after} of the log is out of form") from error
    return chain, after


def sign_head(head: Head, signer: cose.Signer) -> bytes:
    """Sign a head with a status key."""
    payload = cbor2.dumps(dict(enumerate(head, start=1)))
    return cose.sign_document(payload, typ=HEAD_TYPE, signer=signer)


def open_head(document: bytes, trust: TrustList) -> Head:
    """Verify a head.

    Args:
        document: COSE_Sign1 by any status key of the trust list that is not compromised.
        trust: the trust list in force.

    Raises:
        LogError: no such key signed it, or it is out of form.
    """
    payload = open_by_status_key(document, HEAD_TYPE, trust)
    try:
        content = cbor2.loads(payload, max_depth=2, allow_indefinite=False, allow_duplicate_keys=False)
        head = Head(*(content[field] for field in range(1, 7)))
    except (cbor2.CBORError, LookupError, TypeError) as error:
        raise LogError(f"the head does not hold: {error}") from error
    shapes = (bytes, int, bytes, int, bytes, int)
    if not all(type(value) is shape for value, shape in zip(head, shapes, strict=True)):
        raise LogError("the head is out of form")
    return head


def open_by_status_key(document: bytes, typ: str, trust: TrustList) -> bytes:
    """Verify what a publisher signed, and give its payload.

    Raises:
        LogError: no status key of the trust list signed it, or it is of another type.
    """
    if type(document) is not bytes:  # a database column may hold anything
        raise LogError("the head is no document")
    key = trust.status_key(cose.kid_in(document))
    if key is None:
        raise LogError("the head is signed by no status key")
    try:
        return cose.open_document(document, typ=typ, kid=key.kid, key=key.public)
    except (cose.MalformedError, cose.SignatureError) as error:
        raise LogError(f"the head does not hold: {error}") from error
