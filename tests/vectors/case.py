"""One test vector: a scan, everything that went into its code, and the answer that it must get."""

import hashlib
from dataclasses import KW_ONLY, dataclass
from typing import Any, Final

from keys import trust
from keys.roots import Roots
from keys.signers import LocalSigner
from keys.trust import Contact, Issuer, Key, KeyState, Purpose, StatusLists
from tests.builders import scalar, signer
from tests.vectors.laxer import LAXER
from verifier.certificate import claims, code, cose
from verifier.certificate.lifecycle import Standing, State
from verifier.certificate.model import Certificate, StatusReference
from verifier.certificate.verdicts import Reason
from verifier.status.log import Entry, claims_digest, entry_of

NOW: Final = 1_800_000_000
"""2027-01-15T16:00:00+08:00."""
DAY: Final = 86_400
BASE_URL: Final = "https://v.example.gov.cn"
TRUST_ENDS: Final = 2_000_000_000
FOR_EVER: Final = (
    "Test vector of the Liangzheng code format, version 1. Vectors of version 1 must verify for ever: "
    "none of them is ever changed or removed; what changes the format gets a new version."
)

KEYS: Final = {
    name: signer(f"vectors {name}")
    for name in (
        "root", "status", "xinjiang", "xinjiang-retired", "xinjiang-compromised",
        "inner-mongolia", "ministry", "kashgar", "stranger",
    )
}  # fmt: skip  # one line each would hide the list
_KEY_NAMES: Final = {key.kid: name for name, key in KEYS.items()}


def _key(name: str, issuer: str | None, **facts: Any) -> Key:
    return Key(cose_key=cose.encode_key(KEYS[name].public), issuer=issuer, since=NOW - 400 * DAY, **facts)


def _issuer(code: str, name: str, area: str, level: str = "region") -> Issuer:
    contact = Contact(body=f"{name}行政执法监督处", phone="12348", url="https://sft.example.gov.cn/")
    return Issuer(code=code, name=name, area=area, level=level, complaint=contact)


TRUST: Final = cose.sign_document(
    trust.encode_trust(
        version=1,
        issued=NOW - 30 * DAY,
        ends=TRUST_ENDS,
        issuers=[
            _issuer("650000", "新疆维吾尔自治区司法厅", "650000"),
            _issuer("653100", "喀什地区司法局", "653100", "prefecture"),
            _issuer("150000", "内蒙古自治区司法厅", "150000"),
            _issuer("MEM150000", "应急管理部（内蒙古自治区备案）", "150000", "ministry"),
        ],
        keys=[
            _key("xinjiang", "650000"),
            _key("xinjiang-retired", "650000", state=KeyState.RETIRED),
            _key("xinjiang-compromised", "650000", state=KeyState.COMPROMISED),
            _key("kashgar", "653100", kinds=(0, 1)),
            _key("inner-mongolia", "150000"),
            _key("ministry", "MEM150000", kinds=(2,)),
            _key("status", None, purpose=Purpose.STATUS),
        ],
        status_lists=StatusLists(uri=f"{BASE_URL}/status/", size=1 << 17),
    ),
    typ=trust.TRUST_TYPE,
    signer=KEYS["root"],
)
DIRECTORY: Final = cose.sign_document(
    trust.encode_directory(version=1, issued=NOW - 30 * DAY, ends=TRUST_ENDS, agencies=[]),
    typ=trust.DIRECTORY_TYPE,
    signer=KEYS["root"],
)
PINNED: Final = Roots.of(KEYS["root"].public)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A code with the parts that it was put together from."""

    claims: bytes
    protected: bytes
    sig_structure: bytes
    signature: bytes
    code: bytes


def head(major: int, size: int) -> bytes:
    """Encode the head of a byte string (2) or of another item in its shortest form."""
    if size < 24:
        return bytes(((major << 5) + size,))
    width = 1 if size < 1 << 8 else 2
    return bytes(((major << 5) + 23 + width,)) + size.to_bytes(width, "big")


def bstr(content: bytes) -> bytes:
    return head(2, len(content)) + content


def seal(
    payload: bytes,
    key: LocalSigner,
    *,
    protected: bytes | None = None,
    unprotected: bytes = b"\xa0",
    signature: bytes | None = None,
) -> Sealed:
    """Sign claims of any form, in a frame with any headers: the attacker's own pen, so not the code's."""
    if protected is None:
        protected = b"\xa2\x01\x26\x04\x44" + key.kid
    sig_structure = b"\x84\x6aSignature1" + bstr(protected) + b"\x40" + bstr(payload)
    signature = key.sign(sig_structure) if signature is None else signature
    sealed = b"\xd2\x84" + bstr(protected) + unprotected + bstr(payload) + bstr(signature)
    return Sealed(payload, protected, sig_structure, signature, sealed)


@dataclass(frozen=True, slots=True)
class Case:
    """A scan at a time, with what is known of the register then."""

    name: str
    description: str
    text: str
    online: Reason
    _: KW_ONLY
    offline: Reason | None = None
    """Without any knowledge of the register; None: as online."""
    certificate: Certificate | None = None
    sealed: Sealed | None = None
    code: bytes | None = None
    """The code's bytes where they are not those that were sealed."""
    key: LocalSigner | None = None
    register: Entry | None = None
    fresh: bool = True
    now: int = NOW

    def to_json(self) -> dict[str, Any]:
        """Give the vector as it is written."""
        sealed = self.sealed
        encoded = self.code or (sealed.code if sealed else None)
        expected = {"verdict": self.online.verdict, "reason": self.online}
        online_only = self.offline is None or self.offline is self.online
        offline = self.online if self.offline is None else self.offline
        return {
            "format": FOR_EVER,
            "name": self.name,
            "description": self.description,
            "now": self.now,
            "base_url": BASE_URL,
            "trust": {"file": "trust.json", "sha256": hashlib.sha256(TRUST).hexdigest()},
            "key": _key_json(self.key) if self.key else None,
            "stages": {
                "certificate": _certificate_json(self.certificate) if self.certificate else None,
                "claims": sealed.claims.hex() if sealed else None,
                "protected": sealed.protected.hex() if sealed else None,
                "sig_structure": sealed.sig_structure.hex() if sealed else None,
                "signature": sealed.signature.hex() if sealed else None,
                "code": encoded.hex() if encoded else None,
                "digits": code.to_digits(encoded) if encoded else None,
                "text": self.text,
            },
            "register": _register_json(self.register) if self.register else None,
            "fresh": self.fresh,
            "expected": expected,
            **({} if online_only else {"offline": {"verdict": offline.verdict, "reason": offline}}),
            **({"laxer": LAXER[self.name]} if self.name in LAXER else {}),
        }


def known(status: StatusReference, payload: bytes, standing: Standing | None = None) -> Entry:
    """Give the register's entry for signed claims."""
    standing = standing or Standing(state=State.VALID, since=NOW - 30 * DAY)
    return entry_of(1, status, standing, claims_digest(payload))


def genuine(
    name: str,
    description: str,
    certificate: Certificate,
    online: Reason = Reason.VALID,
    *,
    key: str = "xinjiang",
    standing: Standing | None = None,
    **changes: Any,
) -> Case:
    """Give the vector of a code that was issued, and of what happened to it since."""
    by = KEYS[key]
    payload = claims.encode(certificate)
    sealed = seal(payload, by)
    facts: dict[str, Any] = {
        "certificate": certificate,
        "sealed": sealed,
        "key": by,
        "register": known(certificate.status, payload, standing),
        "text": code.to_text(sealed.code, BASE_URL),
    }
    return Case(name, description, online=online, **(facts | changes))


def trust_json() -> dict[str, Any]:
    """Give the file of the keys and lists that all vectors share."""
    return {
        "format": FOR_EVER,
        "description": "The trust list and the directory of all vectors, and the private keys behind them.",
        "sha256": hashlib.sha256(TRUST).hexdigest(),
        "root": {"kid": KEYS["root"].kid.hex(), **_coordinates(KEYS["root"])},
        "trust": TRUST.hex(),
        "directory": DIRECTORY.hex(),
        "keys": [_key_json(key) | _coordinates(key) for key in KEYS.values()],
    }


def _coordinates(key: LocalSigner) -> dict[str, str]:
    point = cose.encode_key(key.public)
    return {"x": point[-2].hex(), "y": point[-3].hex()}


def _key_json(key: LocalSigner) -> dict[str, str]:
    name = _KEY_NAMES[key.kid]
    return {
        "name": name,
        "kid": key.kid.hex(),
        "private": scalar(f"vectors {name}").to_bytes(32, "big").hex(),
    }


def _certificate_json(certificate: Certificate) -> dict[str, Any]:
    return {
        "issuer": certificate.issuer,
        "number": certificate.number,
        "kind": certificate.kind.name.lower(),
        "valid_from": certificate.valid_from,
        "valid_until": certificate.valid_until,
        "holder": certificate.holder,
        "agency": certificate.agency,
        "categories": list(certificate.categories),
        "area": certificate.area,
        "powers": certificate.powers.name.lower(),
        "status": {"list": certificate.status.list, "index": certificate.status.index},
        "photo": certificate.photo.hex() if certificate.photo else None,
        "restricted": certificate.restricted,
    }


def _register_json(entry: Entry) -> dict[str, Any]:
    standing = entry.standing()
    return {
        "list": entry.status_list,
        "index": entry.idx,
        "state": standing.state.name.lower(),
        "since": standing.since,
        "until": standing.until,
        "reason": standing.reason.name.lower(),
        "digest": entry.digest.hex(),
    }
