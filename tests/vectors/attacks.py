"""Vectors of attacks on the text and the frame: whatever a scanner may read that is no code of ours."""

from collections.abc import Iterator
from typing import Any, Final

from tests.vectors.case import BASE_URL, KEYS, Case, Sealed, bstr, genuine, known, seal
from tests.vectors.issued import HIDDEN, TYPICAL, facts
from verifier.certificate import claims, code, cose
from verifier.certificate.verdicts import Reason

_KEY: Final = KEYS["xinjiang"]
_KID: Final = _KEY.kid
_CLAIMS: Final = claims.encode(TYPICAL)
_SEALED: Final = seal(_CLAIMS, _KEY)
_CODE: Final = _SEALED.code
_DIGITS: Final = code.to_digits(_CODE)
_PAYLOAD_AND_SIGNATURE: Final = bstr(_CLAIMS) + bstr(_SEALED.signature)


def _text(name: str, description: str, text: str, reason: Reason = Reason.NOT_OUR_TEXT) -> Case:
    return Case(f"text-{name}", description, text, reason)


def texts() -> Iterator[Case]:
    """Give texts that are not ours, though some hold our digits."""
    yield _text("empty", "Nothing.", "")
    yield _text("spaces-alone", "Nothing but spaces.", " \t ")
    yield _text("wechat", "A friend's card.", "https://u.wechat.com/kNZ9s5Qm2xY8yTn3EoDmJ0A?s=2")
    yield _text("wechat-pay", "A payment code.", "wxp://f2f0aBcD1234567890")
    yield _text("alipay", "A payment code.", "https://qr.alipay.com/fkx12345abcdefgh")
    yield _text("work-card", "A work card's number is no code.", "1234567890", Reason.MALFORMED)
    yield _text("id-number", "Nor is an ID number.", "110101199003070000", Reason.MALFORMED)
    yield _text(
        "vcard",
        "A visiting card.",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:张三\r\nTEL:13800000000\r\nEND:VCARD\r\n",
    )
    yield _text(
        "eu-certificate",
        "An EU digital COVID certificate.",
        "HC1:6BFOXN%TS3DH0YOJ58S S-W5HDC *M0II5XHC9B5G2+$N IOP-IA%NFQGRJPC%OQHIZC4.OI1RM8ZA",
    )
    yield _text("json", "Structured data.", '{"number":"31000036001"}')
    yield _text(
        "smart-health-card", "Numeric, and another system's.", "shc:/56762909524320603460292437404460"
    )
    yield _text("leading-zero", "One code has one number.", f"0{_DIGITS}")
    yield _text("plus-sign", "Digits alone.", f"+{_DIGITS}")
    yield _text("minus-sign", "Digits alone.", f"-{_DIGITS}")
    yield _text("underscore", "Digits alone.", f"{_DIGITS[:3]}_{_DIGITS[3:]}")
    yield _text("space-within", "Digits alone.", f"{_DIGITS[:3]} {_DIGITS[3:]}")
    yield _text("arabic-indic-digits", "ASCII digits alone.", _DIGITS.translate(_shifted(0x0660)))
    yield _text("full-width-digits", "ASCII digits alone.", _DIGITS.translate(_shifted(0xFF10)))
    yield _text("one-full-width-digit", "ASCII digits alone.", chr(0xFF10 + int(_DIGITS[0])) + _DIGITS[1:])
    yield _text("hexadecimal", "Digits alone.", _CODE.hex())
    yield _text("query", "Nothing after the digits.", f"{BASE_URL}/{_DIGITS}?from=wechat")
    yield _text("fragment", "Nothing after the digits.", f"{BASE_URL}/{_DIGITS}#top")
    yield _text("slash", "Nothing after the digits.", f"{BASE_URL}/{_DIGITS}/")
    yield _text("relative", "An address is whole.", f"/{_DIGITS}")
    yield _text("no-scheme", "An address is whole.", f"v.example.gov.cn/{_DIGITS}")
    yield _text("other-digits-elsewhere", "Digits that are not ours, elsewhere.", "https://example.com/12345")
    yield _text("too-long", "More characters than any code's text.", " " * 2_049, Reason.TOO_LONG)
    yield _text("digits-1025", "More digits than any code.", "9" * 1_025, Reason.TOO_LONG)
    yield _text("digits-1024", "More bytes than any code: 426.", "9" * 1_024, Reason.TOO_LONG)
    yield _text("digits-twice", "Scanned twice in a row.", _DIGITS * 2, Reason.TOO_LONG)


def hosts() -> Iterator[Case]:
    """Give our own, genuine digits under addresses that are not ours."""
    for name, address in (
        ("other-host", "https://v.example.gov.cn.evil.example"),
        ("subdomain", "https://www.v.example.gov.cn"),
        ("parent", "https://example.gov.cn"),
        ("http", "http://v.example.gov.cn"),
        ("other-scheme", "weixin://v.example.gov.cn"),
        ("userinfo", "https://v.example.gov.cn@evil.example"),
        ("userinfo-and-password", "https://v.example.gov.cn:443@evil.example"),
        ("own-userinfo", "https://someone@v.example.gov.cn"),
        ("backslash", "https://evil.example\\@v.example.gov.cn"),
        ("path", "https://v.example.gov.cn/v"),
        ("trailing-dot", "https://v.example.gov.cn."),
        ("port-of-letters", "https://v.example.gov.cn:https"),
        ("cyrillic", "https://v.\u0435xample.gov.cn"),
        ("full-width", "https://v.example.gov.cn\uff0fevil.example"),
        ("bracket", "https://["),
    ):
        description = "Our digits under an address that is not ours."
        yield genuine(f"host-{name}", description, TYPICAL, Reason.FOREIGN_HOST, text=f"{address}/{_DIGITS}")


def _shifted(zero: int) -> dict[int, int]:
    return {ord("0") + digit: zero + digit for digit in range(10)}


def _frame(
    name: str, description: str, encoded: bytes, reason: Reason = Reason.MALFORMED, sealed: Sealed = _SEALED
) -> Case:
    digits = code.to_digits(encoded)
    register = known(TYPICAL.status, sealed.claims)
    facts: dict[str, Any] = {"sealed": sealed, "code": encoded, "key": _KEY, "register": register}
    return Case(f"frame-{name}", description, f"{BASE_URL.upper()}/{digits}", reason, **facts)


def frames() -> Iterator[Case]:
    """Give bytes that are nearly a code."""
    small = seal(claims.encode(facts(**HIDDEN)), _KEY)
    protected = bstr(_SEALED.protected)
    yield _frame("truncated", "The last byte is missing.", _CODE[:-1])
    yield _frame("truncated-digit", "The last digit is missing.", _number(_DIGITS[:-1]))
    yield _frame("half", "The first half.", _CODE[: len(_CODE) // 2])
    yield _frame("extended", "A byte behind it.", _CODE + b"\x00")
    yield _frame("extended-digit", "A digit behind it.", _number(_DIGITS + "0"))
    yield _frame("doubled", "A code behind itself.", small.code * 2, sealed=small)
    yield _frame("doubled-large", "A code behind itself.", _CODE * 2, Reason.TOO_LONG)
    yield _frame("425-bytes", "One byte beyond the largest code.", _CODE.ljust(425, b"\x00"), Reason.TOO_LONG)
    yield _frame("unsigned-claims", "Claims without a signature.", _CLAIMS)
    yield _frame(
        "unsigned-array", "No signature in the frame.", b"\xd2\x83" + protected + b"\xa0" + bstr(_CLAIMS)
    )
    yield _frame("no-tag", "No tag.", _CODE[1:])
    yield _frame("tag-mac0", "Tag 17, COSE_Mac0.", b"\xd1" + _CODE[1:])
    yield _frame("tag-sign", "Tag 98, COSE_Sign.", b"\xd8\x62" + _CODE[1:])
    yield _frame("tag-long", "Tag 18 in two bytes.", b"\xd8\x12" + _CODE[1:])
    yield _frame("tag-twice", "Tag 18 twice.", b"\xd2" + _CODE)
    yield _frame("tag-cwt", "Tag 61, CWT, before it.", b"\xd8\x3d" + _CODE)
    yield _frame("tag-self-described", "Tag 55799 before it.", b"\xd9\xd9\xf7" + _CODE)
    yield _frame("indefinite-array", "An array without its length.", b"\xd2\x9f" + _CODE[2:] + b"\xff")
    yield _frame(
        "indefinite-protected",
        "A byte string in chunks.",
        b"\xd2\x84\x5f" + protected + b"\xff\xa0" + _PAYLOAD_AND_SIGNATURE,
    )
    yield _frame(
        "indefinite-payload",
        "A byte string in chunks.",
        b"\xd2\x84" + protected + b"\xa0\x5f" + bstr(_CLAIMS) + b"\xff" + bstr(_SEALED.signature),
    )
    yield _frame("long-array", "An array's length in two bytes.", b"\xd2\x98\x04" + _CODE[2:])
    yield _frame(
        "long-payload-length",
        "A length in two bytes where one will do.",
        b"\xd2\x84"
        + protected
        + b"\xa0\x59"
        + len(_CLAIMS).to_bytes(2, "big")
        + _CLAIMS
        + bstr(_SEALED.signature),
    )
    yield _frame("five-elements", "A fifth element.", b"\xd2\x85" + _CODE[2:] + b"\x00")
    yield _frame(
        "signature-63-bytes", "A short signature.", seal(_CLAIMS, _KEY, signature=_SEALED.signature[:63]).code
    )
    yield _frame(
        "signature-der", "A signature in ASN.1.", seal(_CLAIMS, _KEY, signature=b"\x30\x44" + bytes(68)).code
    )
    yield _frame(
        "detached-payload", "No payload.", b"\xd2\x84" + protected + b"\xa0\xf6" + bstr(_SEALED.signature)
    )


def _number(digits: str) -> bytes:
    return code.to_bytes(digits)


def headers() -> Iterator[Case]:
    """Give frames whose headers are not those of a code, signed as they are."""
    kid = b"\x04\x44" + _KID
    es256 = b"\x01\x26"
    for name, description, protected, unprotected in (
        ("unprotected-alg", "alg stands unprotected.", b"\xa1" + kid, b"\xa1" + es256),
        ("unprotected-kid", "kid stands unprotected.", b"\xa1" + es256, b"\xa1" + kid),
        ("unprotected-both", "Both stand unprotected.", b"", b"\xa2" + es256 + kid),
        ("unprotected-too", "kid stands unprotected too.", b"\xa2" + es256 + kid, b"\xa1" + kid),
        ("unprotected-null", "No map of unprotected headers.", b"\xa2" + es256 + kid, b"\xf6"),
        ("unprotected-indefinite", "A map without its length.", b"\xa2" + es256 + kid, b"\xbf\xff"),
        (
            "crit",
            "A critical header that nobody knows.",
            b"\xa4" + es256 + b"\x02\x81\x18\x63" + kid + b"\x18\x63\x01",
            b"\xa0",
        ),
        ("extra-header", "An IV beside alg and kid.", b"\xa3" + es256 + kid + b"\x05\x41\x00", b"\xa0"),
        ("content-type", "A content type beside them.", b"\xa3" + es256 + b"\x03\x00" + kid, b"\xa0"),
        ("kid-first", "Keys in another order.", b"\xa2" + kid + es256, b"\xa0"),
        ("alg-twice", "alg twice.", b"\xa3" + es256 + es256 + kid, b"\xa0"),
        ("alg-missing", "No alg.", b"\xa1" + kid, b"\xa0"),
        ("kid-missing", "No kid.", b"\xa1" + es256, b"\xa0"),
        ("kid-8-bytes", "A long kid.", b"\xa2" + es256 + b"\x04\x48" + _KID * 2, b"\xa0"),
        ("kid-text", "A kid of text.", b"\xa2" + es256 + b"\x04\x64abcd", b"\xa0"),
        ("alg-text", "alg by name.", b"\xa2\x01\x64ES25" + kid, b"\xa0"),
        ("alg-long", "alg in two bytes where one will do.", b"\xa2\x01\x38\x06" + kid, b"\xa0"),
        ("indefinite", "A map without its length.", b"\xbf" + es256 + kid + b"\xff", b"\xa0"),
        ("empty", "Nothing protected.", b"", b"\xa0"),
    ):
        sealed = seal(_CLAIMS, _KEY, protected=protected, unprotected=unprotected)
        yield _frame(f"header-{name}", description, sealed.code, sealed=sealed)
    for name, alg in (
        ("eddsa", b"\x27"),
        ("es384", b"\x38\x22"),
        ("rs256", b"\x39\x01\x00"),
        ("private", b"\x3a\x00\x01\x00\x00"),
    ):
        sealed = seal(_CLAIMS, _KEY, protected=b"\xa2\x01" + alg + kid)
        yield _frame(
            f"alg-{name}",
            "Another alg than the key's, signed with ES256.",
            sealed.code,
            Reason.WRONG_ALGORITHM,
            sealed,
        )


def signatures() -> Iterator[Case]:
    """Give codes whose signature does not hold, or not in its one form."""
    r, s = _SEALED.signature[:32], _SEALED.signature[32:]
    order = cose.P256_ORDER
    zero, n = bytes(32), order.to_bytes(32, "big")
    high = (order - int.from_bytes(s, "big")).to_bytes(32, "big")
    for name, description, signature in (
        ("high-s", "s above n/2: it would hold, in another form.", r + high),
        ("r-zero", "r = 0.", zero + s),
        ("s-zero", "s = 0.", r + zero),
        ("both-zero", "r = s = 0 (CVE-2022-21449).", zero + zero),
        ("r-order", "r = n.", n + s),
        ("r-largest", "r = 2^256 - 1.", b"\xff" * 32 + s),
        ("s-order", "s = n.", r + n),
        ("swapped", "s and r.", s + r),
        ("one-bit", "One bit of r is another.", bytes((r[0] ^ 1,)) + r[1:] + s),
    ):
        sealed = seal(_CLAIMS, _KEY, signature=signature)
        yield _frame(f"signature-{name}", description, sealed.code, Reason.BAD_SIGNATURE, sealed)
    other = seal(_CLAIMS, KEYS["kashgar"], protected=_SEALED.protected)
    yield _frame(
        "signature-by-another-key",
        "Signed by another key than kid names.",
        other.code,
        Reason.BAD_SIGNATURE,
        other,
    )
    lent = seal(claims.encode(facts(holder="另一人")), _KEY, signature=_SEALED.signature)
    yield _frame(
        "signature-of-other-claims", "A signature of other claims.", lent.code, Reason.BAD_SIGNATURE, lent
    )
    changed = _CODE.replace("厅".encode(), "局".encode())
    yield _frame("one-character", "One character of the agency is another.", changed, Reason.BAD_SIGNATURE)
