"""The electronic certificate: one file that asks nothing of anyone, and claims no more than it knows."""

import re
from html import unescape
from typing import Any

import pytest

from tests.builders import BASE_URL
from tests.issuing.printing import card, restricted_card
from verifier.certificate.jurisdictions import Provision, jurisdictions
from verifier.certificate.model import Kind, Powers
from verifier.issuing import electronic
from verifier.issuing.cards import Card

EQUAL = jurisdictions()["IM-2023"].equal_in_force


def page(of: Card, equal_in_force: Provision | None = None) -> str:
    return electronic.page(of, equal_in_force=equal_in_force).decode()


def test_it_states_the_certificate_and_where_scans_are_answered() -> None:
    html = page(card(powers=Powers.TOWNSHIP))
    for fact in ("阿依古丽·买买提", "新疆维吾尔自治区应急管理厅", "应急管理", "全疆", "31000036001",
                 "新疆维吾尔自治区司法厅", "按简易程序作出行政处罚", BASE_URL):  # fmt: skip
        assert fact in html


@pytest.mark.parametrize("of", [card(), restricted_card()], ids=["typical", "restricted"])
def test_it_has_no_script_and_asks_nothing_of_any_server(of: Card) -> None:
    html = unescape(page(of, EQUAL))
    assert not re.search(r"<script|<link|<iframe|<form|href=|url\(|@import|javascript:|\son\w+=", html)
    assert all(source.startswith("data:image/jpeg;base64,") for source in re.findall(r'src="([^"]*)"', html))
    assert "default-src 'none'; img-src data:" in html
    assert "'unsafe-inline'" not in html


def test_equal_force_is_quoted_where_an_article_in_force_says_so() -> None:
    """IM-2023 Art 15."""
    assert EQUAL is not None
    assert "《内蒙古自治区行政执法证件管理办法》第十五条" in page(card(), EQUAL)
    assert "同等效力" not in page(card())


def test_a_draft_makes_nothing_equal() -> None:
    """XJ-2022 is a draft for comment."""
    assert jurisdictions()["XJ-2022"].equal_in_force is None
    drafted = jurisdictions()["IM-2023"].model_copy(update={"in_force": False})
    assert drafted.equal_in_force is None


@pytest.mark.parametrize("field", ["holder", "agency", "area", "categories"])
def test_markup_in_a_fact_is_text(field: str) -> None:
    attack = "<script>alert(1)</script>\"'&{{ 7*7 }}"
    facts: dict[str, Any] = {field: (attack,) if field == "categories" else attack}
    html = page(card(**facts))
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;{{ 7*7 }}" in html


def test_a_restricted_one_shows_neither_person_nor_post() -> None:
    """IM-2023 Art 9; rules.md."""
    html = page(restricted_card())
    for label in ("姓名", "执法机关", "执法类别", "执法区域", "<img", "照片"):
        assert label not in html
    assert "31000036001" in html


def test_a_ministry_s_is_filed_and_one_without_a_photo_says_so() -> None:
    html = page(card(kind=Kind.MINISTRY, jpeg=None))
    assert "备案机关" in html
    assert "发证机关" not in html
    assert "未登记照片" in html
