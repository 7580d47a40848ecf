"""Vectors of claims that the issuer's key signed, and that are not the claims of a certificate.

Whoever steals a key can sign anything: what is not in the one form must not reach a page, a log or a crash.
"""

import hashlib
import math
from collections.abc import Iterator
from typing import Any, Final

import cbor2

from tests.vectors.case import BASE_URL, KEYS, Case, known, seal
from tests.vectors.issued import FROM, TYPICAL, UNTIL
from verifier.certificate import claims, code
from verifier.certificate.verdicts import Reason

_KEY: Final = KEYS["xinjiang"]
_CLAIMS: Final = claims.encode(TYPICAL)
_OUTER: Final[dict[Any, Any]] = cbor2.loads(_CLAIMS)
_INNER: Final[dict[Any, Any]] = _OUTER[claims.CERTIFICATE]
_NFD: Final = "e\u0301"
ABSENT: Final = object()


def _case(name: str, description: str, payload: bytes) -> Case:
    sealed = seal(payload, _KEY)
    facts: dict[str, Any] = {"sealed": sealed, "key": _KEY, "register": known(TYPICAL.status, payload)}
    text = code.to_text(sealed.code, BASE_URL)
    return Case(f"claims-{name}", description, text, Reason.BAD_CLAIMS, **facts)


def outer(**changes: Any) -> bytes:
    """Encode the typical claims with some of iss, exp, nbf changed or absent."""
    keys = {"iss": claims.ISS, "exp": claims.EXP, "nbf": claims.NBF}
    content = _OUTER | {keys[name]: value for name, value in changes.items()}
    return cbor2.dumps({key: value for key, value in content.items() if value is not ABSENT})


def inner(key: int, value: Any) -> bytes:
    """Encode the typical claims with one fact of the certificate changed or absent."""
    content = _INNER | {key: value}
    content = {k: content[k] for k in sorted(content) if content[k] is not ABSENT}
    return cbor2.dumps(_OUTER | {claims.CERTIFICATE: content})


def _raw(key: int, encoded: bytes) -> bytes:
    """Put bytes in the place of one fact, as they are."""
    marker = b"\x13\x57\x9b\xdf" * 3
    return inner(key, marker).replace(b"\x4c" + marker, encoded, 1)


def dates() -> Iterator[Case]:
    """Give dates that are none."""
    for name, description, changes in (
        ("exp-missing", "No exp.", {"exp": ABSENT}),
        ("nbf-missing", "No nbf.", {"nbf": ABSENT}),
        ("exp-nan", "exp is NaN: it would never be past.", {"exp": math.nan}),
        ("exp-infinite", "exp is infinite.", {"exp": math.inf}),
        ("exp-float", "exp is a float of the same value.", {"exp": float(UNTIL)}),
        ("nbf-float", "nbf is a float of the same value.", {"nbf": float(FROM)}),
        ("nbf-true", "nbf is true, which some languages take for 1.", {"nbf": True}),
        ("nbf-false", "nbf is false, which some languages take for 0.", {"nbf": False}),
        ("nbf-negative", "nbf is negative.", {"nbf": -1}),
        ("exp-negative", "exp is negative.", {"exp": -1}),
        ("exp-huge", "exp is 2^64 - 1.", {"exp": (1 << 64) - 1}),
        ("exp-year-10000", "exp lies beyond the year 9999.", {"exp": 253_402_300_800}),
        ("exp-bignum", "exp is a bignum.", {"exp": 1 << 70}),
        ("exp-text", "exp is a text.", {"exp": str(UNTIL)}),
        ("exp-null", "exp is null.", {"exp": None}),
        ("exp-before-nbf", "It ends before it begins.", {"exp": FROM - 1}),
        ("exp-is-nbf", "It ends when it begins.", {"exp": FROM}),
    ):
        yield _case(name, description, outer(**changes))
    head = b"\x04\x1a" + UNTIL.to_bytes(4, "big")
    for name, description, encoded in (
        ("exp-tagged", "exp is a tagged time.", b"\x04\xc1\x1a" + UNTIL.to_bytes(4, "big")),
        ("exp-long", "exp in eight bytes where four will do.", b"\x04\x1b" + UNTIL.to_bytes(8, "big")),
        (
            "exp-twice",
            "exp twice: a later one behind it.",
            head + b"\x04\x1a" + (UNTIL + 1).to_bytes(4, "big"),
        ),
    ):
        yield _case(name, description, _CLAIMS.replace(head, encoded))


def texts() -> Iterator[Case]:
    """Give texts that no certificate carries."""
    for name, description, text in (
        ("empty", "An empty text.", ""),
        ("121-characters", "One character too long.", "a" * 121),
        ("not-nfc", "Not in normal form C: two forms would look alike.", f"Ren{_NFD}"),
        ("leading-space", "Begins with a space.", " 王"),
        ("trailing-space", "Ends with a space.", "王 "),
        ("line-break", "A line break.", "王\n某"),
        ("nul", "A NUL.", "王\x00"),
        ("full-width-space", "The full-width space that pads tables.", "王\u3000某"),
        ("no-break-space", "A no-break space.", "王\u00a0某"),
        ("right-to-left-override", "Turns the text round.", "王\u202e某"),
        ("isolate", "Isolates a direction.", "\u2067王\u2069"),
        ("zero-width-space", "Does not show.", "王\u200b某"),
        ("byte-order-mark", "Does not show.", "\ufeff王"),
        ("only-joiner", "A joiner between nothing.", "\u200d"),
        ("trailing-joiner", "A joiner that joins nothing.", "王\u200d"),
        ("private-use", "Of private use: each computer draws it otherwise.", "王\ue000"),
        ("unassigned", "No character.", "王\uffff"),
    ):
        yield _case(f"holder-{name}", description, inner(claims.HOLDER, text))
    yield _case("holder-bytes", "Bytes for a text.", inner(claims.HOLDER, "王".encode()))
    yield _case("holder-bad-utf-8", "Not UTF-8.", _raw(claims.HOLDER, b"\x62\xff\xfe"))
    yield _case("holder-surrogate", "A surrogate in UTF-8.", _raw(claims.HOLDER, b"\x63\xed\xa0\x80"))
    yield _case(
        "holder-indefinite", "A text in chunks.", _raw(claims.HOLDER, b"\x7f\x63" + "王".encode() + b"\xff")
    )
    yield _case(
        "holder-long-length",
        "A length in two bytes where one will do.",
        _raw(claims.HOLDER, b"\x78\x03" + "王".encode()),
    )
    yield _case("holder-endless", "A length beyond the end.", _raw(claims.HOLDER, b"\x7b" + b"\xff" * 8))


def facts() -> Iterator[Case]:
    """Give facts of a wrong type or value."""
    number, kind, category = claims.NUMBER, claims.KIND, claims.CATEGORY
    powers, status, photo = claims.POWERS, claims.STATUS, claims.PHOTO
    for name, description, key, value in (
        ("number-as-text", "An integer written as text.", number, "31000036001"),
        ("number-negative", "A negative number.", number, -1),
        ("number-bignum", "An integer beyond 64 bits.", number, 1 << 64),
        ("number-true", "true for 1.", number, True),
        ("number-float", "A float.", number, 31000036001.0),
        ("number-33-characters", "Too long.", number, "a" * 33),
        ("number-space", "A space in it.", number, "3100 0036"),
        ("number-arabic-indic", "ASCII digits alone.", number, "\u0663\u0661"),
        ("kind-unknown", "A kind that nobody knows.", kind, 23),
        ("kind-negative", "A negative kind.", kind, -1),
        ("kind-true", "true for 1.", kind, True),
        ("powers-all", "All powers are told by leaving them out.", powers, 0),
        ("powers-unknown", "Powers that nobody knows.", powers, 23),
        ("categories-none", "No category.", category, []),
        ("categories-one", "One category is a text.", category, ["应急管理"]),
        ("categories-9", "Too many.", category, ["类"] * 9),
        ("categories-mixed", "A number among them.", category, ["类", 1]),
        ("categories-nested", "An array among them.", category, ["类", ["类"]]),
        ("categories-map", "A map.", category, {1: 2}),
        ("status-one", "An index without a list.", status, [0]),
        ("status-three", "Three numbers.", status, [0, 20_011, 0]),
        ("status-map", "A map.", status, {0: 20_011}),
        ("status-true", "true for 1.", status, [True, 20_011]),
        ("status-negative", "A negative index.", status, [0, -1]),
        ("status-float", "A float.", status, [0, 20_011.0]),
        ("status-beyond", "One beyond the last entry.", status, [0, 1 << 22]),
        ("status-list-beyond", "One beyond the last list.", status, [1_024, 0]),
        ("photo-11-bytes", "Too short.", photo, bytes(11)),
        ("photo-whole-digest", "Too long.", photo, hashlib.sha256(b"").digest()),
        ("photo-text", "Twelve characters.", photo, "a" * 12),
        ("photo-array", "Twelve numbers.", photo, [0] * 12),
        ("photo-null", "Absence is not null.", photo, None),
        ("restricted-with-holder", "Restricted, with what it must not show.", claims.RESTRICTED, True),
        ("restricted-false", "Absence is not false.", claims.RESTRICTED, False),
        ("unknown-fact", "A fact that nobody knows.", 99, 0),
    ):
        yield _case(name, description, inner(key, value))
    for key in (number, kind, claims.HOLDER, claims.AGENCY, category, claims.AREA, status):
        yield _case(f"fact-{key}-missing", f"Fact {key} is missing.", inner(key, ABSENT))
    only = {key: _INNER[key] for key in (number, kind, status)}
    short = cbor2.dumps(_OUTER | {claims.CERTIFICATE: only})
    yield _case("restricted-missing", "Neither restricted nor with its particulars.", short)
    no = cbor2.dumps(_OUTER | {claims.CERTIFICATE: only | {claims.RESTRICTED: False}})
    yield _case("restricted-not-true", "Restricted: false, and without its particulars.", no)
    for name, description, encoded in (
        ("status-long", "A list in two bytes where one will do.", b"\x82\x18\x00\x19\x4e\x2b"),
        ("status-indefinite", "An array without its length.", b"\x9f\x00\x19\x4e\x2b\xff"),
        ("status-tagged", "A tag before it.", b"\xd8\x2a\x82\x00\x19\x4e\x2b"),
    ):
        yield _case(name, description, _raw(status, encoded))
    for name, description, encoded in (
        (
            "number-power",
            "10 ** 999999999, which takes hours to write out.",
            b"\xc4\x82\x1a\x3b\x9a\xc9\xff\x01",
        ),
        ("number-expression", "A tagged regular expression.", b"\xd8\x23\x61\x31"),
    ):
        yield _case(name, description, _raw(number, encoded))
    network = b"\xd9\x01\x05\xa1\x44\x00\x00\x00\x00\x00"
    yield _case("categories-network", "All 2^32 addresses of a network.", _raw(category, network))


def maps() -> Iterator[Case]:
    """Give maps that are not the claims' one form."""
    facts_of = cbor2.dumps(_INNER)
    yield _case("iss-missing", "No issuer.", outer(iss=ABSENT))
    yield _case("iss-number", "The issuer as a number.", outer(iss=650000))
    yield _case("iss-long", "The issuer is too long.", outer(iss="6" * 19))
    yield _case(
        "certificate-missing",
        "CWT claims, and no certificate.",
        cbor2.dumps({1: "650000", 4: UNTIL, 5: FROM, 6: FROM}),
    )
    yield _case(
        "unknown-claim",
        "A claim that nobody knows.",
        cbor2.dumps({1: "650000", 4: UNTIL, 5: FROM, 7: b"id"} | {claims.CERTIFICATE: _INNER}),
    )
    yield _case(
        "order",
        "Claims in another order.",
        cbor2.dumps({5: FROM, 4: UNTIL, 1: "650000", claims.CERTIFICATE: _INNER}),
    )
    yield _case(
        "facts-order",
        "Facts in another order.",
        cbor2.dumps(_OUTER | {claims.CERTIFICATE: dict(reversed(_INNER.items()))}),
    )
    yield _case("indefinite", "A map without its length.", b"\xbf" + _CLAIMS[1:] + b"\xff")
    yield _case(
        "facts-indefinite",
        "A map without its length.",
        _CLAIMS.replace(facts_of, b"\xbf" + facts_of[1:] + b"\xff"),
    )
    yield _case("long-map", "A map's size in two bytes.", b"\xb8\x04" + _CLAIMS[1:])
    yield _case("kind-twice", "A fact twice.", _doubled_kind())
    yield _case("iss-twice", "The issuer twice.", b"\xa5\x01\x66150000" + _CLAIMS[1:])
    yield _case("wrapped", "Claims in a byte string.", cbor2.dumps(_CLAIMS))
    yield _case(
        "facts-wrapped", "Facts in a byte string.", cbor2.dumps(_OUTER | {claims.CERTIFICATE: facts_of})
    )
    yield _case("tagged", "A tag before the claims.", b"\xd8\x3d" + _CLAIMS)
    yield _case("trailing-byte", "A byte behind the claims.", _CLAIMS + b"\x00")
    yield _case("truncated", "The last byte is missing.", _CLAIMS[:-1])
    yield _case("array", "An array.", cbor2.dumps([1, 2, 3]) + bytes(20))
    yield _case("deep", "A hundred arrays in one another.", b"\x81" * 100 + b"\x00")
    yield _case("zeros", "Zeros.", bytes(24))


def _doubled_kind() -> bytes:
    """Write the kind twice in the map of facts, whose size says so."""
    kind = bytes((claims.KIND, 0, claims.HOLDER))
    size = cbor2.dumps(claims.CERTIFICATE)
    at = _CLAIMS.index(size) + len(size)
    grown = _CLAIMS[:at] + bytes((_CLAIMS[at] + 1,)) + _CLAIMS[at + 1 :]
    return grown.replace(kind, bytes((claims.KIND, 0)) + kind, 1)
