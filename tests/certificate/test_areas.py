"""Areas as certificates name them, and whether two of them have ground in common."""

import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.certificate.areas import area_of, meet

NAMES = tomllib.loads(
    resources.files("verifier.certificate").joinpath("areas.toml").read_text(encoding="utf-8")
)["names"]


@pytest.mark.parametrize(
    ("text", "region", "code"),
    [
        ("全疆", "650000", "650000"),
        ("新疆维吾尔自治区", "65", "650000"),
        ("全区", "150000", "150000"),
        ("全区", "65", "650000"),
        ("奈曼旗", "150000", "150525"),
        ("奈曼", "150000", "150525"),
        ("奈 曼 旗", "150000", "150525"),
        ("通辽奈曼旗", "150000", "150525"),
        ("内蒙古自治区通辽市奈曼旗", "150000", "150525"),
        ("达茂旗", "150000", "150223"),
        ("鄂温克旗", "150000", "150724"),
        ("巴州", "652800", "652800"),
        ("昌吉回族自治州", "652300", "652300"),
        ("乌鲁木齐", "650100", "650100"),
        ("乌鲁木齐市天山区", "650000", "650102"),
        ("哈密市伊州区", "650000", "650502"),
        ("吐鲁番", "650000", "650400"),
        ("白杨市", "650000", "659012"),
        ("库车市", "650000", "652902"),
        ("库车县", "650000", "652902"),
        ("塔城地区沙湾县", "650000", "654203"),
        ("吐鲁番地区", "650000", "650400"),
        ("哈密地区伊州区", "650000", "650502"),
    ],
)
def test_areas_are_known_by_their_full_and_short_names(text: str, region: str, code: str) -> None:
    assert area_of(text, region) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("奈曼旗境内", "150525"),
        ("通辽市行政区域内", "150500"),
        ("奈曼旗 辖区", "150525"),
        ("内蒙古自治区全境", "150000"),
        ("红山区", "150402"),  # 红山 is there, and 区 is no ending
        ("奈曼旗境内境内", None),
        ("大沁他拉镇辖区内", None),
        ("境内", None),
        ("行政区域", None),
    ],
)
def test_words_said_after_a_name_do_not_change_the_area(text: str, code: str | None) -> None:
    assert area_of(text, "150000") == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("伊犁州塔城地区乌苏市", "654202"),
        ("新疆伊犁哈萨克自治州塔城地区乌苏市", "654202"),
        ("伊犁州阿勒泰地区", "654300"),
        ("伊犁州塔城", "654200"),  # the prefecture, which holds the city of that name
        ("伊犁州伊宁市", "654002"),
        ("塔城地区伊犁州", None),
    ],
)
def test_an_area_may_be_named_behind_the_prefecture_that_its_own_is_part_of(
    text: str, code: str | None
) -> None:
    assert area_of(text, "650000") == code


@pytest.mark.parametrize(
    "text", ["大沁他拉镇", "天山区、水磨沟区", "全县", "市辖区", "", "伊宁", "伊宁区域", "第八师"]
)
def test_what_is_in_no_list_or_names_two_places_is_unknown(text: str) -> None:
    assert area_of(text, "650000") is None


def test_a_name_is_looked_for_in_the_issuers_region_alone() -> None:
    assert area_of("奈曼旗", "650000") is None
    assert area_of("全疆", "150000") is None
    assert area_of("朝阳区", "110000") is None


def test_a_short_name_of_several_areas_means_the_one_that_holds_the_others() -> None:
    assert [area_of(name, "65") for name in ("喀什", "喀什市", "和田", "和田县")] == [
        "653100", "653101", "653200", "653221",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("area", "other", "together"),
    [
        ("150525", "150525", True),
        ("150525", "150500", True),
        ("150000", "150525", True),
        ("150525", "150526", False),
        ("150500", "150600", False),
        ("150000", "650000", False),
        ("654200", "654000", True),  # 塔城 belongs to 伊犁, whatever its code looks like
        ("654301", "654000", True),
        ("654200", "654300", False),
        ("654201", "654002", False),
        (None, "150525", None),
        (None, None, None),
    ],
)
def test_areas_meet_where_one_lies_within_the_other(
    *, area: str | None, other: str | None, together: bool | None
) -> None:
    assert meet(area, other) is together
    assert meet(other, area) is together


@given(st.text(max_size=40), st.text(max_size=6))
def test_any_text_is_an_area_of_its_region_or_unknown(text: str, region: str) -> None:
    code = area_of(text, region)
    assert code is None or code.startswith(region[:2])


@pytest.mark.parametrize("region", ["150000", "650000"])
def test_every_area_is_found_by_its_whole_path_and_meets_its_region(region: str) -> None:
    for code, name in NAMES.items():
        if code[:2] == region[:2] and code != region:
            above = NAMES.get(code[:4] + "00", "") if code[4:] != "00" else ""
            assert area_of(NAMES[region] + above + name, region) == code
            assert meet(code, region) is True
