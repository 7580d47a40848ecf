"""Bytes ↔ digits ↔ text, and what is not ours."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.builders import BASE_URL, certificate, signed
from verifier.certificate import code
from verifier.certificate.bounds import BOUNDS

CODE = signed(certificate())
DIGITS = code.to_digits(CODE)
TAGGED = st.binary(max_size=BOUNDS.code_bytes - 1).map(lambda rest: b"\xd2" + rest)


def found(text: str, base_url: str = BASE_URL) -> str:
    return code.find_digits(text, base_url)


@given(TAGGED)
def test_bytes_come_back_from_digits(encoded: bytes) -> None:
    digits = code.to_digits(encoded)
    assert digits.isascii()
    assert digits.isdigit()
    assert code.to_bytes(digits) == encoded


@given(TAGGED)
def test_bytes_come_back_from_the_text_of_a_qr(encoded: bytes) -> None:
    text = code.to_text(encoded, BASE_URL)
    assert text == text.upper()
    assert code.to_bytes(found(text)) == encoded


@pytest.mark.parametrize(
    "text",
    [
        DIGITS,
        f"HTTPS://V.EXAMPLE.GOV.CN/{DIGITS}",
        f"https://v.example.gov.cn/{DIGITS}",
        f"hTTps://v.Example.gov.CN/{DIGITS}",
        f"  https://v.example.gov.cn/{DIGITS}\r\n",
        f"\u3000{DIGITS}\u00a0",
        f"https://v.example.gov.cn:443/{DIGITS}",
        f"https://v.example.gov.cn:8443/{DIGITS}",
    ],
)
def test_spellings_of_one_code(text: str) -> None:
    assert found(text) == DIGITS


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8000", "HTTP://127.0.0.1:8000/", "http://127.0.0.1"])
def test_our_own_address_may_have_a_port(base_url: str) -> None:
    for address in ("http://127.0.0.1:8000", "HTTP://127.0.0.1:9000", "http://127.0.0.1"):
        assert found(f"{address}/{DIGITS}", base_url) == DIGITS


def test_our_own_address_may_have_a_path() -> None:
    base_url = "https://example.gov.cn/v"
    assert found(f"HTTPS://EXAMPLE.GOV.CN/V/{DIGITS}", base_url) == DIGITS
    assert found(f"https://example.gov.cn:443/v/{DIGITS}", base_url) == DIGITS
    with pytest.raises(code.ForeignHostError):
        found(f"https://example.gov.cn/{DIGITS}", base_url)


@pytest.mark.parametrize(
    "address",
    [
        "http://v.example.gov.cn",
        "https://evil.example",
        "https://v.example.gov.cn.evil.example",
        "https://evil.example/v.example.gov.cn",
        "https://v.example.gov.cn@evil.example",
        "https://v.example.gov.cn:443@evil.example",
        "https://someone@v.example.gov.cn",
        "https://evil.example\\@v.example.gov.cn",
        "https://evil.example?https://v.example.gov.cn",
        "https://evil.example#https://v.example.gov.cn",
        "https://v.example.gov.cn:port",
        "https://v.example.gov.cn:123456",
        "https://v.example.gov.cn:",
        "https://v.example.gov.cn:４４３",
        "https://v.\u212axample.gov.cn",
        "https://v.example.gov.cn\u2044",
        "https://[",
        "https://[::1",
        "https://v.example.gov.cn\u2100",
        "evil://v.example.gov.cn",
        "查看 https://evil.example",
        "://",
    ],
)
def test_our_digits_under_another_address_are_named_as_that(address: str) -> None:
    with pytest.raises(code.ForeignHostError):
        found(f"{address}/{DIGITS}")


def test_letters_that_have_ours_for_their_lower_case_are_not_ours() -> None:
    """The Kelvin sign's lower case is k, that of dotted I an i with a dot."""
    with pytest.raises(code.ForeignHostError):
        found(f"https://\u212aashgar.example/{DIGITS}", "https://kashgar.example")
    with pytest.raises(code.ForeignHostError):
        found(f"https://\u0130li.example/{DIGITS}", "https://ili.example")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "/",
        f"/{DIGITS}",
        f"v.example.gov.cn/{DIGITS}",
        f"{BASE_URL}/{DIGITS}?a=1",
        f"{BASE_URL}/{DIGITS}#a",
        f"{BASE_URL}/{DIGITS}/",
        f"{BASE_URL}/",
        BASE_URL,
        "https://evil.example/12345",
        f"0{DIGITS}",
        f"{BASE_URL}/0{DIGITS}",
        "0",
        f"+{DIGITS}",
        f"-{DIGITS}",
        f"{DIGITS[:9]}_{DIGITS[9:]}",
        f"{DIGITS[:9]} {DIGITS[9:]}",
        f"{DIGITS}\x00",
        f"{DIGITS}.0",
        f"{DIGITS}e5",
        "٣١",
        "３１",
        "²",
        "一二三",
        "weixin://dl/business",
        "BEGIN:VCARD\nEND:VCARD",
        "HC1:NCFOXN%TS3DH3ZSUZK+.V0ETD%65NL-AH",
    ],
)
def test_other_texts_are_not_ours(text: str) -> None:
    with pytest.raises(code.TextError) as caught:
        found(text)
    assert type(caught.value) is code.TextError


def test_one_character_too_many_is_too_long() -> None:
    spaces = " " * (BOUNDS.text_input_characters - len(DIGITS))
    assert found(spaces + DIGITS) == DIGITS
    with pytest.raises(code.TooLongError):
        found(spaces + " " + DIGITS)


def test_one_digit_too_many_is_too_long() -> None:
    assert found("9" * BOUNDS.code_digits)
    with pytest.raises(code.TooLongError):
        found("9" * (BOUNDS.code_digits + 1))


def test_one_byte_too_many_is_too_long() -> None:
    largest = (1 << 8 * BOUNDS.code_bytes) - 1
    assert len(code.to_bytes(str(largest))) == BOUNDS.code_bytes
    with pytest.raises(code.TooLongError):
        code.to_bytes(str(largest + 1))


def test_every_code_within_the_bound_of_bytes_is_within_that_of_digits() -> None:
    assert len(code.to_digits(b"\xff" * BOUNDS.code_bytes)) <= BOUNDS.code_digits


@given(st.text(max_size=200) | st.text("0123456789htps:/.@?#_+- ", max_size=100))
@example("https://[/1")
@example("https://\u2100/1")
@example("\ud800/1")
@example("1\ud800")
def test_any_text_is_ours_or_refused_as_a_text(text: str) -> None:
    try:
        digits = found(text)
    except code.TextError:
        return
    assert code.to_digits(code.to_bytes(digits)) == digits


@given(st.text("/:@?#\\[]\u212a\u2100.:0123456789abcvhtps", max_size=40))
def test_our_digits_behind_any_text_are_ours_or_refused_as_a_text(prefix: str) -> None:
    with contextlib.suppress(code.TextError):
        assert found(prefix + DIGITS).endswith(DIGITS)
