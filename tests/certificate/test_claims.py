"""Claims have one form: what is encoded comes back, and nothing else is read."""

from typing import Any

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.builders import certificate, restricted
from tests.certificate.strategies import certificates
from verifier.certificate import claims
from verifier.certificate.model import Certificate

TYPICAL = claims.encode(certificate())


def decoded(payload: bytes) -> Certificate | None:
    """Decode; whatever is accepted must be the one encoding of what it says."""
    try:
        accepted = claims.decode(payload)
    except claims.ClaimsError:
        return None
    assert claims.encode(accepted) == payload
    return accepted


@given(certificates())
@example(certificate())
@example(restricted())
def test_what_is_encoded_comes_back(drawn: Certificate) -> None:
    assert claims.decode(claims.encode(drawn)) == drawn


@given(certificates())
def test_the_encoding_is_deterministic_cbor(drawn: Certificate) -> None:
    payload = claims.encode(drawn)
    assert cbor2.dumps(cbor2.loads(payload), canonical=True) == payload


@given(certificates(), st.data())
def test_a_changed_byte_says_something_else_or_nothing(drawn: Certificate, data: st.DataObject) -> None:
    payload = bytearray(claims.encode(drawn))
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] ^= data.draw(st.integers(1, 255))
    assert decoded(bytes(payload)) != drawn


def test_every_change_of_every_byte_says_something_else_or_nothing() -> None:
    for at in range(len(TYPICAL)):
        for value in range(256):
            if value != TYPICAL[at]:
                assert decoded(TYPICAL[:at] + bytes((value,)) + TYPICAL[at + 1 :]) != certificate()


@pytest.mark.parametrize("of", [certificate(), restricted()], ids=["typical", "restricted"])
def test_truncated_and_extended_claims_are_refused(of: Certificate) -> None:
    payload = claims.encode(of)
    for size in range(len(payload)):
        assert decoded(payload[:size]) is None
    for more in range(256):
        assert decoded(payload + bytes((more,))) is None


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused(payload: bytes) -> None:
    assert decoded(payload) is None


SCALARS = (
    st.integers(-(1 << 70), 1 << 70)
    | st.floats()
    | st.booleans()
    | st.none()
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.just(cbor2.undefined)
    | st.builds(cbor2.CBORSimpleValue, st.integers(0, 19))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(-5, 12) | st.text(max_size=3), inner, max_size=4)
        | st.builds(cbor2.CBORTag, st.integers(0, 300), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.sampled_from([claims.ISS, claims.EXP, claims.NBF, 6, 7, 99]), VALUES)
def test_any_value_in_the_place_of_a_claim_is_read_in_one_form_or_refused(key: int, value: Any) -> None:
    content = cbor2.loads(TYPICAL) | {key: value}
    ordered = sorted(content, key=cbor2.dumps)
    decoded(cbor2.dumps({item: content[item] for item in ordered}))


@settings(max_examples=500)
@given(st.integers(1, 11), VALUES)
def test_any_value_in_the_place_of_a_fact_is_read_in_one_form_or_refused(key: int, value: Any) -> None:
    content = cbor2.loads(TYPICAL)
    facts = content[claims.CERTIFICATE] | {key: value}
    content[claims.CERTIFICATE] = {item: facts[item] for item in sorted(facts)}
    decoded(cbor2.dumps(content))


@given(VALUES)
def test_any_cbor_is_refused(value: Any) -> None:
    assert decoded(cbor2.dumps(value)) is None


@given(st.permutations([claims.ISS, claims.EXP, claims.NBF, claims.CERTIFICATE]))
def test_reordered_claims_are_refused(order: list[int]) -> None:
    content = cbor2.loads(TYPICAL)
    reordered = cbor2.dumps({key: content[key] for key in order})
    assert (decoded(reordered) is not None) is (reordered == TYPICAL)


@given(st.permutations([1, 2, 3, 4, 5, 6, 8, 9]))
def test_reordered_facts_are_refused(order: list[int]) -> None:
    content = cbor2.loads(TYPICAL)
    facts = content[claims.CERTIFICATE]
    content[claims.CERTIFICATE] = {key: facts[key] for key in order}
    reordered = cbor2.dumps(content)
    assert (decoded(reordered) is not None) is (reordered == TYPICAL)


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        ("0", b"\x00"),
        ("23", b"\x17"),
        ("24", b"\x18\x18"),
        ("31000036001", b"\x1b\x00\x00\x00\x07\x37\xbf\x02\xa1"),
        (str((1 << 64) - 1), b"\x1b" + b"\xff" * 8),
        (str(1 << 64), b"\x7418446744073709551616"),
        ("00", b"\x6200"),
        ("01", b"\x6201"),
        ("1-2", b"\x631-2"),
    ],
)
def test_a_number_is_an_integer_where_its_digits_are_the_number(number: str, encoded: bytes) -> None:
    payload = claims.encode(certificate(number=number))
    assert b"\x01" + encoded + b"\x02" in payload
    assert claims.decode(payload).number == number


def test_tags_never_reach_a_library_that_makes_objects_of_them() -> None:
    """A stolen key could sign 10 ** 999999999, or all addresses of 0.0.0.0/0."""
    power, network = b"\xc4\x82\x1a\x3b\x9a\xc9\xff\x01", b"\xd9\x01\x05\xa1\x44\x00\x00\x00\x00\x00"
    content = cbor2.loads(TYPICAL)
    for key in content[claims.CERTIFICATE]:
        marker = cbor2.dumps("\x00here")
        facts = content[claims.CERTIFICATE] | {key: "\x00here"}
        payload = cbor2.dumps(content | {claims.CERTIFICATE: facts})
        assert decoded(payload.replace(marker, power)) is None
        assert decoded(payload.replace(marker, network)) is None


def test_a_message_repeats_nothing_of_the_claims() -> None:
    payload = TYPICAL.replace("买买提".encode(), "买\u202e提".encode())
    with pytest.raises(claims.ClaimsError) as caught:
        claims.decode(payload)
    assert str(caught.value) == "holder: has characters that do not show"
