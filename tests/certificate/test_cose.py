"""The frame: one form, one key, one signature."""

from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st

from tests.builders import INNER_MONGOLIA, XINJIANG, certificate, restricted, signed
from verifier.certificate import claims, cose

PAYLOAD = claims.encode(certificate())
CODE = signed(certificate())
TYP = "application/test+cbor"
DOCUMENT = cose.sign_document(b"what we publish", typ=TYP, signer=XINJIANG)


def opened(document: bytes, *, typ: str = TYP, by: Any = XINJIANG) -> bytes:
    return cose.open_document(document, typ=typ, kid=by.kid, key=by.public)


def signature_of(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@given(st.binary(min_size=24, max_size=400))
def test_a_signed_payload_is_found_again(payload: bytes) -> None:
    code = cose.sign_code(payload, XINJIANG)
    frame = cose.parse_code(code)
    assert (frame.alg, frame.kid, frame.payload) == (cose.ES256, XINJIANG.kid, payload)
    assert frame.signature == code[-64:]
    cose.verify(XINJIANG.public, frame.signed, frame.signature)


def test_the_frame_is_cose_sign1_and_what_is_signed_its_sig_structure() -> None:
    frame = cose.parse_code(CODE)
    tag = cbor2.loads(CODE)
    protected = cbor2.dumps({1: -7, 4: XINJIANG.kid})
    assert (tag.tag, list(tag.value)) == (18, [protected, {}, PAYLOAD, frame.signature])
    assert frame.signed == cbor2.dumps(["Signature1", protected, b"", PAYLOAD])
    assert cbor2.dumps(tag) == CODE


def test_a_frame_holds_sealed_bytes_and_no_claims() -> None:
    frame = cose.parse_code(CODE)
    assert frame._fields == ("alg", "kid", "signed", "payload", "signature")


@given(st.binary(max_size=430))
@example(b"")
@example(CODE[:8])
@example(CODE[:12])
@example(CODE[:93])
def test_arbitrary_bytes_are_malformed(code: bytes) -> None:
    with pytest.raises(cose.MalformedError):
        cose.parse_code(code)


@given(st.integers(0, 20), st.binary(max_size=120))
def test_what_begins_like_a_code_is_cut_or_malformed(size: int, rest: bytes) -> None:
    try:
        frame = cose.parse_code(CODE[:size] + rest)
    except cose.MalformedError:
        return
    assert len(frame.signature) == cose.SIGNATURE_BYTES


@pytest.mark.parametrize("of", [certificate(), restricted()], ids=["typical", "restricted"])
def test_a_truncated_or_extended_code_is_malformed(of: Any) -> None:
    code = signed(of)
    for size in range(len(code)):
        with pytest.raises(cose.MalformedError):
            cose.parse_code(code[:size])
    for more in (b"\x00", code, b"\xff" * 100):
        with pytest.raises(cose.MalformedError):
            cose.parse_code(code + more)


@pytest.mark.parametrize("alg", [-8, -35, -257, -65_537, 0, 5, 1_000])
def test_another_alg_is_read_and_left_to_the_key(alg: int) -> None:
    protected = cbor2.dumps(cbor2.dumps({1: alg, 4: XINJIANG.kid}))
    frame = cose.parse_code(b"\xd2\x84" + protected + CODE[12:])
    assert (frame.alg, frame.kid, frame.payload) == (alg, XINJIANG.kid, PAYLOAD)
    assert frame.signed == cbor2.dumps(["Signature1", cbor2.loads(protected), b"", PAYLOAD])


@given(st.binary(min_size=1, max_size=5))
def test_an_alg_is_an_integer_in_its_shortest_form(alg: bytes) -> None:
    protected = b"\xa2\x01" + alg + b"\x04\x44" + XINJIANG.kid
    try:
        frame = cose.parse_code(b"\xd2\x84" + cbor2.dumps(protected) + CODE[12:])
    except cose.MalformedError:
        return
    assert cbor2.dumps(frame.alg) == alg


def test_a_signature_holds_for_its_key_and_bytes_alone() -> None:
    frame = cose.parse_code(CODE)
    for key, data in ((INNER_MONGOLIA.public, frame.signed), (XINJIANG.public, frame.signed + b"\x00")):
        with pytest.raises(cose.SignatureError):
            cose.verify(key, data, frame.signature)


def test_signatures_of_every_size_of_r_and_s_hold() -> None:
    """r and s begin with a zero byte once in 128 or 256 signatures, and are written to DER differently."""
    shapes = set()
    for number in range(600):
        signature = XINJIANG.sign(number.to_bytes(2, "big"))
        cose.verify(XINJIANG.public, number.to_bytes(2, "big"), signature)
        shapes.add((signature[0] == 0, signature[0] >= 0x80, signature[32] == 0))
    assert {(True, False, False), (False, False, True), (False, True, False)} <= shapes


def test_the_other_form_of_a_signature_is_refused() -> None:
    frame = cose.parse_code(CODE)
    r, s = int.from_bytes(frame.signature[:32], "big"), int.from_bytes(frame.signature[32:], "big")
    assert s <= cose.P256_ORDER // 2
    with pytest.raises(cose.SignatureError, match="normalised"):
        cose.verify(XINJIANG.public, frame.signed, signature_of(r, cose.P256_ORDER - s))


@pytest.mark.parametrize("r", [0, 1, cose.P256_ORDER, (1 << 256) - 1])
@pytest.mark.parametrize("s", [0, 1, cose.P256_ORDER // 2, cose.P256_ORDER, (1 << 256) - 1])
def test_numbers_out_of_range_are_no_signature(r: int, s: int) -> None:
    with pytest.raises(cose.SignatureError):
        cose.verify(XINJIANG.public, b"data", signature_of(r, s))


@given(st.binary(max_size=70))
def test_arbitrary_bytes_are_no_signature(signature: bytes) -> None:
    with pytest.raises(cose.SignatureError):
        cose.verify(XINJIANG.public, b"data", signature)


def test_the_thumbprint_is_that_of_rfc_9679() -> None:
    x = 0x65EDA5A12577C2BAE829437FE338701A10AAA375E1BB5B5DE108DE439C08551D
    y = 0x1E52ED75701163F7F9E40DDF9F341B3DC9BA860AF7E0CA7CA7E9EECD0084D19C
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    assert cose.thumbprint(key).hex() == "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"
    assert cose.kid_of(key).hex() == "496bd8af"


def test_a_key_comes_back_from_its_cose_form() -> None:
    key = cose.decode_key(cbor2.loads(cbor2.dumps(cose.encode_key(XINJIANG.public))))
    assert key.public_numbers() == XINJIANG.public.public_numbers()


_KEY = cose.encode_key(XINJIANG.public)


@pytest.mark.parametrize(
    "key",
    [
        None,
        [],
        {},
        _KEY | {1: 1},
        _KEY | {-1: 2},
        _KEY | {-4: bytes(32)},
        _KEY | {-2: b"\x00" + _KEY[-2]},
        _KEY | {-2: _KEY[-2][1:]},
        _KEY | {-2: bytes(32)},
        _KEY | {-3: True},
        _KEY | {-3: list(_KEY[-3])[:31]},
        {1: 2, -1: 1, -2: _KEY[-2]},
    ],
    ids=[
        "none",
        "list",
        "empty",
        "kty",
        "crv",
        "private",
        "long",
        "short",
        "off",
        "compressed",
        "array",
        "no-y",
    ],
)
def test_what_is_no_p256_public_key_is_refused(key: object) -> None:
    with pytest.raises(cose.MalformedError):
        cose.decode_key(key)


def test_a_document_comes_back() -> None:
    assert opened(DOCUMENT) == b"what we publish"


def test_a_document_of_another_type_or_key_is_refused() -> None:
    with pytest.raises(cose.MalformedError):
        opened(DOCUMENT, typ="application/other+cbor")
    with pytest.raises(cose.MalformedError):
        opened(DOCUMENT, by=INNER_MONGOLIA)
    with pytest.raises(cose.SignatureError):
        cose.open_document(DOCUMENT, typ=TYP, kid=XINJIANG.kid, key=INNER_MONGOLIA.public)


def test_a_code_is_no_document_and_a_document_no_code() -> None:
    with pytest.raises(cose.MalformedError):
        opened(CODE)
    with pytest.raises(cose.MalformedError):
        cose.parse_code(cose.sign_document(PAYLOAD, typ=TYP, signer=XINJIANG))


def test_every_change_of_a_document_is_refused() -> None:
    for at in range(len(DOCUMENT)):
        for bit in range(8):
            changed = DOCUMENT[:at] + bytes((DOCUMENT[at] ^ 1 << bit,)) + DOCUMENT[at + 1 :]
            with pytest.raises((cose.MalformedError, cose.SignatureError)):
                opened(changed)


def test_a_document_has_one_form_alone() -> None:
    protected, _, payload, signature = cbor2.loads(DOCUMENT).value
    parts = [protected, {}, payload, signature]
    assert cbor2.dumps(cbor2.CBORTag(18, parts)) == DOCUMENT
    for other in (
        cbor2.dumps(parts),
        cbor2.dumps(cbor2.CBORTag(17, parts)),
        cbor2.dumps(cbor2.CBORTag(61, cbor2.CBORTag(18, parts))),
        cbor2.dumps(cbor2.CBORTag(18, [*parts, b""])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, {1: -7}, payload, signature])),
        cbor2.dumps(cbor2.CBORTag(18, [protected, {}, None, signature])),
        DOCUMENT + b"\x00",
        b"\xd8\x12" + DOCUMENT[1:],
        DOCUMENT[:1] + b"\x98\x04" + DOCUMENT[2:],
        DOCUMENT[:1] + b"\x9f" + DOCUMENT[2:] + b"\xff",
    ):
        with pytest.raises(cose.MalformedError):
            opened(other)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_document(document: bytes) -> None:
    with pytest.raises(cose.MalformedError):
        opened(document)
