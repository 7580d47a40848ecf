"""The rules are data: what they say today, and that another region needs no code."""

from pathlib import Path

import pytest

from tests.builders import NOW
from verifier.certificate import jurisdictions
from verifier.certificate.dates import iso, parse_instant
from verifier.certificate.jurisdictions import Jurisdiction, jurisdiction_of, parse
from verifier.certificate.lifecycle import Event, IllegalEventError, Life, Standing, State, apply

THIRD = """
key = "GS-2030"
name = { zh = "甘肃省行政执法证件管理办法", en = "Gansu, measures" }
area = "62"
region = { zh = "甘肃", en = "Gansu" }
in_force = true

[number]
pattern = "GS[0-9]{6}"
form = { zh = "GS 和 6 位数字", en = "GS and 6 digits" }

[validity]
years = 4
rule = "GS-2030 Art 9"

[suspension]
months = 6
rule = "GS-2030 Art 12"

[renewal]
months = 2
rule = "GS-2030 Art 9"

[loss]
notice_days = 15
reissue_after_days = 15
rule = "GS-2030 Art 11"

[proposals]
order = ["region"]
rule = "GS-2030 Art 4"

[issuing]
enforcement = { by = ["region"], rule = "GS-2030 Art 4" }
supervision = { by = ["region"], rule = "GS-2030 Art 4" }
ministry = { by = ["region"], rule = "GS-2030 Art 4" }

[serves]
region = ["region", "prefecture", "county"]
rule = "GS-2030 Art 4"

[events]
issued = { by = ["issuer"], rule = "GS-2030 Art 4" }
filed = { by = ["issuer"], rule = "GS-2030 Art 4" }
suspended = { by = ["issuer"], rule = "GS-2030 Art 12" }
withdrawn = { by = ["issuer"], rule = "GS-2030 Art 13" }

[events.cancelled]
by = ["issuer"]
rule = "GS-2030 Art 14"
reasons.left = { words = { zh = "离岗", en = "left" } }

[[refusals]]
rule = "GS-2030 Art 7"
document = { zh = "第七条", en = "Article 7" }
in_force = false

[[refusals]]
rule = "GS-2029 Art 3"
document = { zh = "第三条", en = "Article 3" }
in_force = true
categories = ["应急管理", "消防监督管理"]
"""


@pytest.fixture
def third() -> Jurisdiction:
    return parse(THIRD)


def test_a_third_jurisdiction_is_read_from_text_alone(third: Jurisdiction) -> None:
    assert iso(third.validity_end(parse_instant("2030-03-01")))[:10] == "2034-03-01"
    third.require_number("GS123456")
    with pytest.raises(jurisdictions.NumberError, match="GS and 6 digits"):
        third.require_number("31000036001")
    life = apply(
        Event.SUSPENDED,
        Life(standing=Standing(state=State.VALID, since=NOW)),
        valid_until=NOW + 10**8,
        rules=third,
        reason="other",
        now=parse_instant("2030-03-01"),
    )
    assert life.standing.until == parse_instant("2030-09-01")


def test_a_third_jurisdiction_knows_its_own_reasons_alone(third: Jurisdiction) -> None:
    assert list(third.reasons(Event.CANCELLED)) == ["left", "other"]
    assert list(third.reasons(Event.WITHDRAWN)) == ["other"]
    with pytest.raises(IllegalEventError, match="GS-2030 knows no reason 'retired'"):
        apply(
            Event.CANCELLED,
            Life(standing=Standing(state=State.VALID, since=NOW)),
            valid_until=NOW + 1,
            rules=third,
            reason="retired",
            now=NOW,
        )


def test_a_draft_is_never_quoted_to_a_citizen(third: Jurisdiction) -> None:
    assert third.refusal_for(("机关事务管理",)) is None
    article = third.refusal_for(("消防监督管理", "机关事务管理"))
    assert article is not None
    assert article.rule == "GS-2029 Art 3"


def test_no_article_of_a_draft_in_any_file_is_quoted() -> None:
    for rules in jurisdictions.jurisdictions().values():
        for categories in (("应急管理",), ("机关事务管理",), ("消防监督管理",), ()):
            article = rules.refusal_for(categories)
            assert article is None or article.in_force
            if not rules.in_force:
                assert article is None or not article.rule.startswith(rules.key)


@pytest.mark.parametrize(
    ("area", "categories", "rule"),
    [
        ("150000", ("机关事务管理",), "IM-2023 Art 15"),
        ("150525", (), "IM-2023 Art 15"),
        ("650000", ("应急管理",), "XJ-EM-2020 Art 15"),
        ("653100", ("机关事务管理",), "XJ-GGJ-2022 2(8)"),
        ("650000", ("消防监督管理",), None),
        ("650000", (), None),
    ],
)
def test_the_article_that_a_citizen_may_be_told_of(
    area: str, categories: tuple[str, ...], rule: str | None
) -> None:
    article = jurisdiction_of(area, categories).refusal_for(categories)
    assert (article.rule if article else None) == rule


@pytest.mark.parametrize(
    ("area", "start", "end"),
    [
        ("150000", "2026-01-01", "2032-01-01"),
        ("150000", "2028-02-29", "2034-02-28"),
        ("650000", "2026-01-01", "2031-01-01"),
        ("650000", "2028-02-29", "2033-02-28"),
    ],
)
def test_the_validity_of_each_region(area: str, start: str, end: str) -> None:
    assert jurisdiction_of(area).validity_end(parse_instant(start)) == parse_instant(end)


def test_inner_mongolia_knows_no_suspension_and_xinjiang_three_months() -> None:
    assert jurisdiction_of("150000").suspension is None
    suspension = jurisdiction_of("650000").suspension
    assert suspension is not None
    assert (suspension.months, suspension.rule) == (3, "XJ-2022 Art 18")


def test_every_event_takes_other() -> None:
    for rules in jurisdictions.jurisdictions().values():
        for event in Event:
            assert "other" in rules.reasons(event)


def test_every_event_of_a_file_is_known() -> None:
    for rules in jurisdictions.jurisdictions().values():
        assert set(rules.events) <= set(Event)


def test_every_value_of_a_file_names_its_article() -> None:
    for rules in jurisdictions.jurisdictions().values():
        assert rules.categories or rules.validity.rule.startswith(rules.key)
        for event in rules.events.values():
            assert all(reason.rule for reason in event.reasons.values())


@pytest.mark.parametrize(
    "number", ["3100003600", "310000360011", "3100003600a", "３１０００００３６００", "31000036001\n"]
)
def test_a_number_has_eleven_digits(number: str) -> None:
    rules = jurisdiction_of("650000")
    rules.require_number("31000036001")
    with pytest.raises(jurisdictions.NumberError):
        rules.require_number(number)


def test_an_unknown_region_is_named() -> None:
    with pytest.raises(jurisdictions.UnknownJurisdictionError, match="62"):
        jurisdiction_of("620000")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("years = 4", "years = 0"),
        ("years = 4", "years = 21"),
        ("months = 6", "months = 0"),
        ('area = "62"', 'area = "620000"'),
        ("in_force = true\n\n[number]", "[number]"),
        ("in_force = true\n\n[number]", "in_force = true\nextra = 1\n\n[number]"),
        ("[validity]", "[validity"),
    ],
)
def test_a_file_out_of_form_is_refused(old: str, new: str) -> None:
    assert old in THIRD
    with pytest.raises(ValueError, match=r".+"):
        parse(THIRD.replace(old, new, 1))


def test_no_region_has_two_files() -> None:
    directory = Path(jurisdictions.__file__).parent / "rules"
    assert len(list(directory.glob("*.toml"))) == len(jurisdictions.jurisdictions())


def test_a_pattern_that_is_none_is_refused_like_any_other_mistake() -> None:
    with pytest.raises(ValueError, match="not a regular expression"):
        parse(THIRD.replace('pattern = "', 'pattern = "(', 1))
