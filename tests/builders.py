"""What the tests of the pure core build upon: keys from fixed seeds, a typical certificate, signed lists.

Everything comes out the same in every run, and everything signed was signed by the production code.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from keys import trust
from keys.roots import Roots
from keys.signers import LocalSigner
from keys.trust import (
    Agency,
    Contact,
    Issuer,
    Key,
    KeyState,
    Purpose,
    SignedLists,
    StatusLists,
    TrustList,
)
from verifier.certificate import claims, cose
from verifier.certificate.lifecycle import Standing, State
from verifier.certificate.model import Certificate, StatusReference
from verifier.status.log import (
    CHAIN_START,
    Entry,
    Head,
    chain_over,
    claims_digest,
    entry_of,
    open_head,
    sign_head,
)
from verifier.status.replica import Replica

NOW: Final = 1_800_000_000
"""2027-01-15 16:00 in Beijing."""
DAY: Final = 86_400
BASE_URL: Final = "https://v.example.gov.cn"
EPOCH: Final = b"epoch-01"
HIGHEST: Final = cose.P256_ORDER - 1


def scalar(seed: str) -> int:
    """Give the private key of a seed: SHA-256 of its name, brought into range."""
    return (
        int.from_bytes(hashlib.sha256(f"liangzheng test key {seed}".encode()).digest(), "big") % HIGHEST + 1
    )


def signer(seed: str) -> LocalSigner:
    return LocalSigner(ec.derive_private_key(scalar(seed), ec.SECP256R1()))


ROOT: Final = signer("root")
STATUS: Final = signer("status")
XINJIANG: Final = signer("650000")
INNER_MONGOLIA: Final = signer("150000")
PINNED: Final = Roots.of(ROOT.public)
COMPLAINT: Final = Contact(
    body="新疆维吾尔自治区司法厅行政执法监督局", phone="0991-2000000", url="https://example.gov.cn/"
)


def issuer(code: str = "650000", **changes: Any) -> Issuer:
    facts: dict[str, Any] = {
        "code": code,
        "name": f"发证机关{code}",
        "area": code[:6],
        "complaint": COMPLAINT,
    }
    return Issuer(**(facts | changes))


def key(of: LocalSigner, code: str | None = "650000", **changes: Any) -> Key:
    return Key(cose_key=cose.encode_key(of.public), issuer=code, **changes)


STATUS_KEY: Final = key(STATUS, None, purpose=Purpose.STATUS)
ISSUERS: Final = [issuer("650000"), issuer("150000")]
KEYS: Final = [key(XINJIANG), key(INNER_MONGOLIA, "150000"), STATUS_KEY]


def signed_trust(*, by: LocalSigner = ROOT, **changes: Any) -> bytes:
    """Give a trust list of two issuers, each with a key, and a status key, as the root signs it."""
    facts: dict[str, Any] = {
        "version": 1,
        "issued": NOW - DAY,
        "ends": NOW + 365 * DAY,
        "issuers": ISSUERS,
        "keys": KEYS,
        "status_lists": StatusLists(uri="https://v.example.gov.cn/status/{list}", size=1 << 17),
    }
    return cose.sign_document(trust.encode_trust(**(facts | changes)), typ=trust.TRUST_TYPE, signer=by)


def signed_directory(*, by: LocalSigner = ROOT, agencies: Sequence[Agency] = (), **changes: Any) -> bytes:
    facts: dict[str, Any] = {"version": 1, "issued": NOW - DAY, "ends": NOW + 365 * DAY}
    payload = trust.encode_directory(**(facts | changes), agencies=list(agencies))
    return cose.sign_document(payload, typ=trust.DIRECTORY_TYPE, signer=by)


def signed_lists(**changes: Any) -> SignedLists:
    """Give a trust list and the directory that is published with it."""
    shared = {name: value for name, value in changes.items() if name in ("version", "issued", "ends")}
    return SignedLists(signed_trust(**changes), signed_directory(**shared))


def trust_list(**changes: Any) -> TrustList:
    return TrustList.open(signed_lists(**changes), PINNED)


def with_state(state: KeyState) -> TrustList:
    """Give the usual trust list with Xinjiang's key in another state."""
    return trust_list(keys=[key(XINJIANG, state=state), *KEYS[1:]])


def certificate(**changes: Any) -> Certificate:
    """Give a typical enforcement certificate of Xinjiang."""
    facts: dict[str, Any] = {
        "issuer": "650000",
        "number": "31000036001",
        "valid_from": NOW - 30 * DAY,
        "valid_until": NOW + 5 * 365 * DAY,
        "status": StatusReference(0, 4711),
        "holder": "阿依古丽·买买提",
        "agency": "新疆维吾尔自治区应急管理厅",
        "categories": ("应急管理",),
        "area": "全疆",
        "photo": hashlib.sha256(b"photo").digest()[:12],
    }
    return Certificate(**(facts | changes))


def restricted(**changes: Any) -> Certificate:
    """Give a certificate that names neither person nor post."""
    hidden: dict[str, Any] = dict.fromkeys(("holder", "agency", "area", "photo"))
    return certificate(**(hidden | {"categories": (), "restricted": True} | changes))


def signed(of: Certificate, by: LocalSigner = XINJIANG) -> bytes:
    return cose.sign_code(claims.encode(of), by)


VALID: Final = Standing(state=State.VALID, since=NOW - 30 * DAY)


def entry(of: Certificate, standing: Standing = VALID, *, sequence: int = 1) -> Entry:
    return entry_of(sequence, of.status, standing, claims_digest(claims.encode(of)))


def head(entries: Sequence[Entry] = (), **changes: Any) -> Head:
    """Give the head over entries from the first on."""
    chain, sequence = chain_over(CHAIN_START, 0, entries)
    return Head(EPOCH, sequence, chain, 1, hashlib.sha256(signed_trust()).digest(), NOW)._replace(**changes)


def replica(entries: Sequence[Entry] = ()) -> Replica:
    """Give a replica that took the entries over the production path: under a signed and verified head."""
    known = Replica()
    known.apply(entries, open_head(sign_head(head(entries), STATUS), trust_list()))
    return known
