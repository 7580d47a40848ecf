"""What a certificate may state, and what it may not."""

import contextlib
import dataclasses

import mypy.api
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, certificate, restricted
from tests.certificate.strategies import certificates
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.model import (
    Certificate,
    InvalidCertificateError,
    Powers,
    StatusReference,
    check_text,
)

TEXT_FIELDS = ("holder", "agency", "area")


def refused(**changes: object) -> InvalidCertificateError:
    with pytest.raises(InvalidCertificateError) as caught:
        certificate(**changes)
    return caught.value


@given(certificates())
def test_any_certificate_drawn_is_accepted_as_it_is(drawn: Certificate) -> None:
    assert dataclasses.replace(drawn) == drawn


def test_no_code_of_ours_can_change_a_certificate_afterwards() -> None:
    """The types forbid it, and `make lint` holds all code to them."""
    changing = "from tests.builders import certificate\ncertificate().holder = 'another'\n"
    said, _, status = mypy.api.run(["--config-file=", "-c", changing])
    assert status == 1
    assert 'Property "holder" defined in "Certificate" is read-only' in said


@pytest.mark.parametrize("field", TEXT_FIELDS)
@pytest.mark.parametrize("text", [None, "", "a" * 121, " 王", "王 ", "王\n", "Rene\u0301"])
def test_each_text_is_checked(field: str, text: str | None) -> None:
    assert refused(**{field: text}).field == field


@pytest.mark.parametrize("text", ["", "a" * 121, " 王", "王\u202e"])
def test_each_category_is_checked(text: str) -> None:
    assert refused(categories=("应急管理", text)).field == "category"


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_the_longest_text_is_accepted(field: str) -> None:
    certificate(**{field: "\U0002c029" * BOUNDS.text_characters})


@pytest.mark.parametrize(
    "text",
    [
        "阿依古丽·买买提",
        "ئايگۈل·مەمەت",
        "ᠰᠠᠷᠠᠨ\u180eᠠ",
        "ᠮᠣᠩᠭᠣᠯ\u202fᠤᠨ",
        "ᠮᠣᠩ\u180bᠭᠣᠯ\u180b",
        "می\u200cخواهم",
        "क्\u200dष",
        "王\U0002c029",
        "王\U00030edd",
        "王\U000323c0",
        "王\U0003fffd",
        "O'Brien-Smith (Jr.)",
        "第3执法大队（东区）",
        "A B",
    ],
)
def test_names_as_people_write_them_are_accepted(text: str) -> None:
    check_text("holder", text)


@pytest.mark.parametrize(
    "text",
    [
        "王\x00",
        "王\x7f",
        "王\x85",
        "王\t某",
        "王\u00a0某",
        "王\u00ad某",
        "王\u200b某",
        "王\u200e某",
        "王\u2028某",
        "王\u202e某",
        "王\u2060某",
        "王\u2066某",
        "王\u3000某",
        "王\ud800某",
        "王\ue000",
        "王\ufeff",
        "王\ufffe",
        "王\U0003fffe",
        "王\U000e0041",
        "王\U000f0000",
        "\u200d",
        "\u202f王",
        "王\u180e",
        "王\u200c",
    ],
)
def test_what_does_not_show_is_refused(text: str) -> None:
    with pytest.raises(InvalidCertificateError, match="do not show"):
        check_text("holder", text)


@given(st.text(max_size=130))
def test_any_text_is_accepted_or_refused_as_itself(text: str) -> None:
    with contextlib.suppress(InvalidCertificateError):
        check_text("holder", text)
        assert text.strip(" \u200d") == text != ""


def test_a_refusal_never_repeats_the_value() -> None:
    assert "王小明" not in str(refused(holder="王小明\u202e"))


@pytest.mark.parametrize("issuer", ["", "6" * 19, "65 0000", "650000\n", "６５００００", "新疆", "65-0000"])
def test_an_issuer_is_a_short_code(issuer: str) -> None:
    assert refused(issuer=issuer).field == "issuer"


@pytest.mark.parametrize(
    "number", ["", "1" * 33, "1 2", "1--2", "-1", "1-", "1\n", "１２", "٣", "号1", "a_b"]
)
def test_a_number_is_letters_digits_and_single_hyphens(number: str) -> None:
    assert refused(number=number).field == "number"


@pytest.mark.parametrize(
    ("valid_from", "valid_until"),
    [(-1, NOW), (NOW, NOW), (NOW + 1, NOW), (0, BOUNDS.seconds)],
)
def test_validity_ends_after_it_begins(valid_from: int, valid_until: int) -> None:
    assert refused(valid_from=valid_from, valid_until=valid_until).field == "validity"


def test_the_longest_validity_is_accepted() -> None:
    certificate(valid_from=0, valid_until=BOUNDS.seconds - 1)


@pytest.mark.parametrize("count", [0, BOUNDS.categories + 1])
def test_there_are_some_categories_and_not_too_many(count: int) -> None:
    assert refused(categories=("应急管理",) * count).field == "category"


@pytest.mark.parametrize("size", [0, 11, 13, 32])
def test_a_photo_is_named_by_twelve_bytes(size: int) -> None:
    assert refused(photo=bytes(size)).field == "photo"


@pytest.mark.parametrize(
    ("number", "index"), [(-1, 0), (0, -1), (BOUNDS.status_lists, 0), (0, BOUNDS.status_list_entries)]
)
def test_a_status_lies_within_the_lists(number: int, index: int) -> None:
    with pytest.raises(InvalidCertificateError, match="outside"):
        StatusReference(number, index)


@pytest.mark.parametrize(
    "particular",
    [
        {"holder": "王某"},
        {"agency": "某局"},
        {"categories": ("应急管理",)},
        {"area": "全疆"},
        {"powers": Powers.TOWNSHIP},
        {"photo": bytes(12)},
    ],
    ids=lambda particular: next(iter(particular)),
)
def test_a_restricted_certificate_names_no_person_and_no_post(particular: dict[str, object]) -> None:
    with pytest.raises(InvalidCertificateError, match="names no person"):
        restricted(**particular)
