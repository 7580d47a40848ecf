"""What speaks against officers who come together, each reason with its article, and what is never said."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import certificate, restricted
from tests.certificate.strategies import certificates
from verifier.certificate.model import Powers
from verifier.certificate.together import Act, Against, Open, Scanned, Together, documents, judge
from verifier.certificate.verdicts import Verdict

FORGED = Scanned(Verdict.FORGED, None, None)
UNREAD = Scanned(Verdict.UNCONFIRMED, None, None)


def officer(digit: int = 1, verdict: Verdict = Verdict.VALID, **changes: Any) -> Scanned:
    """Give one of Xinjiang's emergency management."""
    facts = {"number": f"3100003600{digit}", "holder": f"持证人{digit}", "photo": _photo(digit)}
    of = certificate(**(facts | changes))
    return Scanned(verdict, of, of.issuer)


def inner_mongolian(digit: int = 1, verdict: Verdict = Verdict.VALID, **changes: Any) -> Scanned:
    facts = {"issuer": "150000", "area": "奈曼旗", "categories": ("交通运输",)}
    return officer(digit, verdict, **(facts | changes))


def _photo(digit: int) -> bytes:
    return hashlib.sha256(bytes((digit,))).digest()[:12]


def against(found: Together) -> list[tuple[str, tuple[int, ...], str | None]]:
    return [
        (each.reason.value, each.codes, each.article.rule if each.article else None) for each in found.against
    ]


def unknown(found: Together) -> list[tuple[str, tuple[int, ...]]]:
    return [(each.reason.value, each.codes) for each in found.open]


def test_nothing_speaks_against_two_officers_in_force_and_nothing_more_is_said() -> None:
    for pair in ([officer(1), officer(2)], [inner_mongolian(1), inner_mongolian(2)]):
        found = judge(pair)
        assert (found.against, found.open) == ((), ())


def test_one_officer_alone_is_too_few_where_a_document_demands_two() -> None:
    assert against(judge([officer()])) == [("too_few", (0,), "XJ-EM-2020 Art 16")]
    assert against(judge([officer(1), officer(2, Verdict.EXPIRED)])) == [
        ("too_few", (0,), "XJ-EM-2020 Art 16"),
        ("not_valid", (1,), "XJ-EM-2020 Art 15"),
    ]
    assert against(judge([officer(), FORGED])) == [
        ("too_few", (0,), "XJ-EM-2020 Art 16"),
        ("not_valid", (1,), None),
    ]


@pytest.mark.parametrize("alone", [inner_mongolian(), officer(categories=("交通运输",))])
def test_one_officer_is_not_too_few_where_no_document_demands_two(alone: Scanned) -> None:
    assert judge([alone]).against == ()


def test_a_code_that_cannot_be_verified_may_be_the_second_officer() -> None:
    for second in (UNREAD, officer(2, Verdict.UNCONFIRMED)):
        found = judge([officer(1), second])
        assert (against(found), unknown(found)) == ([], [("unconfirmed", (1,))])


def test_the_same_person_twice_is_not_two() -> None:
    assert against(judge([officer(), officer()])) == [
        ("too_few", (0, 1), "XJ-EM-2020 Art 16"),
        ("same_person", (0, 1), "XJ-EM-2020 Art 16"),
    ]
    two_cards = [officer(1), officer(2), officer(3, holder="持证人1", photo=_photo(1))]
    assert against(judge(two_cards)) == [("same_person", (0, 2), "XJ-EM-2020 Art 16")]


def test_the_same_person_is_said_without_an_article_where_no_document_in_force_covers_it() -> None:
    assert against(judge([inner_mongolian(), inner_mongolian()])) == [("same_person", (0, 1), None)]


def test_a_person_is_known_by_number_and_by_face_across_three_cards() -> None:
    cards = [officer(1), officer(2, number="31000036003"), officer(3, holder="持证人1", photo=_photo(1))]
    assert against(judge(cards))[-1] == ("same_person", (0, 1, 2), "XJ-EM-2020 Art 16")


def test_equal_names_alone_are_two_people() -> None:
    assert judge([officer(1, holder="王芳"), officer(2, holder="王芳")]).against == ()
    assert judge([officer(1, holder="王芳", photo=None), officer(2, holder="王芳", photo=None)]).against == ()
    namesake = judge([officer(1), inner_mongolian(2, number="31000036001")])  # of another issuer
    assert Against.SAME_PERSON not in [each.reason for each in namesake.against]


@pytest.mark.parametrize(
    "verdict",
    [Verdict.SUSPENDED, Verdict.REVOKED, Verdict.EXPIRED, Verdict.NOT_YET_VALID],
)
def test_each_certificate_that_is_not_in_force_is_named_with_the_article_on_showing_one(
    verdict: Verdict,
) -> None:
    emergency = judge([officer(1), officer(2), officer(3, verdict)])
    assert against(emergency) == [("not_valid", (2,), "XJ-EM-2020 Art 15")]
    mongolian = judge([inner_mongolian(1), inner_mongolian(2, verdict)])
    assert against(mongolian) == [("not_valid", (1,), "IM-2023 Art 15")]
    elsewhere = judge([officer(1), officer(2, verdict, categories=("交通运输",))])
    assert ("not_valid", (1,), None) in against(elsewhere)


def test_areas_that_do_not_meet_rest_on_the_article_in_force() -> None:
    apart = [inner_mongolian(1), inner_mongolian(2, area="库伦旗"), inner_mongolian(3, area="内蒙古")]
    assert against(judge(apart)) == [("areas_do_not_meet", (0, 1), "IM-2023 Art 15")]
    assert judge(apart[1:]).against == ()


def test_a_draft_is_never_quoted() -> None:
    """XJ-2022 Art 13 speaks of areas, and is no law."""
    apart = [officer(1, area="喀什地区"), officer(2, area="和田地区")]
    assert against(judge(apart)) == [("areas_do_not_meet", (0, 1), None)]
    drafts = [each for each in documents() if not each.in_force]
    assert [each.document for each in drafts] == ["XJ-2022"]
    assert not any(draft.covers(officer()) for draft in drafts)


def test_areas_of_two_regions_do_not_meet_and_no_regions_article_is_quoted_for_the_other() -> None:
    pair = [officer(1), inner_mongolian(2)]
    assert against(judge(pair)) == [("areas_do_not_meet", (0, 1), None)]


def test_an_area_that_is_in_no_list_is_not_judged() -> None:
    found = judge([inner_mongolian(1), inner_mongolian(2, area="大沁他拉镇")])
    assert (against(found), unknown(found)) == ([], [("areas_unknown", (1,))])
    assert judge([inner_mongolian(area="大沁他拉镇")]).open == ()  # alone, there is nothing to compare


@pytest.mark.parametrize(
    ("powers", "act", "within"),
    [
        *((Powers.ALL, act, True) for act in Act),
        (Powers.TOWNSHIP, Act.INSPECTION, True),
        (Powers.TOWNSHIP, Act.SIMPLE_PENALTY, True),
        (Powers.TOWNSHIP, Act.ORDINARY_PENALTY, False),
        (Powers.TOWNSHIP, Act.SEAL, False),
        (Powers.TOWNSHIP, Act.SEIZE, False),
        (Powers.TOWNSHIP, Act.COERCION, False),
        (Powers.ENTRUSTED, Act.INSPECTION, None),
        (Powers.ENTRUSTED, Act.SIMPLE_PENALTY, None),
        (Powers.ENTRUSTED, Act.ORDINARY_PENALTY, None),
        (Powers.ENTRUSTED, Act.SEAL, False),
        (Powers.ENTRUSTED, Act.SEIZE, False),
        (Powers.ENTRUSTED, Act.COERCION, False),
    ],
)
def test_an_act_is_held_against_entrusted_powers(*, powers: Powers, act: Act, within: bool | None) -> None:
    found = judge([officer(1), officer(2, powers=powers)], act)
    assert against(found) == ([("outside_powers", (1,), "XJ-EM-2020 Art 8")] if within is False else [])
    assert unknown(found) == ([("powers_unknown", (1,))] if within is None else [])
    assert judge([officer(1), officer(2, powers=powers)]).against == ()


@pytest.mark.parametrize(
    ("kind_of_officer", "categories", "article"),
    [
        (officer, "交通运输", None),
        (inner_mongolian, "交通运输", "IM-2023 Art 15"),
        (inner_mongolian, "应急管理", "IM-2023 Art 15"),
    ],
)
def test_fewer_powers_that_a_certificate_states_bind_everywhere_and_only_the_article_differs(
    kind_of_officer: Callable[..., Scanned], categories: str, article: str | None
) -> None:
    pair = [
        kind_of_officer(1, categories=(categories,)),
        kind_of_officer(2, categories=(categories,), powers=Powers.TOWNSHIP),
    ]
    assert against(judge(pair, Act.SEAL)) == [("outside_powers", (1,), article)]
    allowed = judge(pair, Act.INSPECTION)
    assert (allowed.against, allowed.open) == ((), ())


def test_what_was_entrusted_is_told_by_no_certificate_of_any_region() -> None:
    pair = [inner_mongolian(1), inner_mongolian(2, powers=Powers.ENTRUSTED)]
    found = judge(pair, Act.INSPECTION)
    assert (against(found), unknown(found)) == ([], [("powers_unknown", (1,))])
    assert against(judge(pair, Act.SEIZE)) == [("outside_powers", (1,), "IM-2023 Art 15")]


def test_of_a_restricted_certificate_neither_area_nor_powers_are_told() -> None:
    hidden = restricted(number="31000036009")
    found = judge([officer(1), Scanned(Verdict.VALID, hidden, "650000")], Act.SEAL)
    assert (against(found), unknown(found)) == ([], [("areas_unknown", (1,)), ("powers_unknown", (1,))])


def test_differing_categories_are_listed_and_not_judged() -> None:
    found = judge([officer(1), officer(2, categories=("应急管理", "消防监督管理"))])
    assert found.against == ()
    assert found.categories == {"应急管理": (0, 1), "消防监督管理": (1,)}


CODES = st.one_of(
    st.sampled_from([FORGED, UNREAD, Scanned(Verdict.NOT_A_CERTIFICATE, None, None)]),
    st.builds(
        Scanned,
        st.sampled_from(
            [each for each in Verdict if each not in (Verdict.FORGED, Verdict.NOT_A_CERTIFICATE)]
        ),
        certificates() | st.builds(officer, st.integers(1, 3)).map(lambda one: one.certificate),
        st.sampled_from(["650000", "150000", "110000"]),
    ),
)


@given(st.lists(CODES, min_size=1, max_size=10), st.none() | st.sampled_from(Act))
def test_whatever_is_found_names_codes_of_the_group_and_only_law_in_force(
    group: list[Scanned], act: Act | None
) -> None:
    found = judge(group, act)
    refused = {at for at, one in enumerate(group) if one.certificate is None}
    unsure = {at for at, one in enumerate(group) if one.verdict is Verdict.UNCONFIRMED}
    for finding in found.against:
        assert set(finding.codes) <= set(range(len(group))) - unsure
        if finding.reason is not Against.NOT_VALID:
            assert not refused & set(finding.codes)
        if finding.article:
            assert not finding.article.rule.startswith("XJ-2022")
            areas = {(group[at].region or "")[:2] for at in finding.codes}
            assert areas == {"15" if finding.article.rule.startswith("IM-") else "65"}
    for question in found.open:
        assert question.reason is Open.UNCONFIRMED or not unsure & set(question.codes)
    not_valid = {at for each in found.against if each.reason is Against.NOT_VALID for at in each.codes}
    assert not_valid == {
        at for at, one in enumerate(group) if one.verdict not in (Verdict.VALID, Verdict.UNCONFIRMED)
    }


@given(st.lists(CODES, min_size=1, max_size=6), st.none() | st.sampled_from(Act))
def test_what_a_forged_code_claims_to_be_changes_nothing(group: list[Scanned], act: Act | None) -> None:
    with_one = judge([*group, FORGED], act)
    without = judge(group, act)
    added = [each for each in with_one.against if each not in without.against]
    assert [(each.reason, each.codes, each.article) for each in added] == [
        (Against.NOT_VALID, (len(group),), None)
    ]
    assert (with_one.open, with_one.categories) == (without.open, without.categories)


def _words() -> list[str]:
    return [text for each in (*Against, *Open) for text in (each.zh, each.en)]


def test_no_word_ever_says_that_an_inspection_is_lawful() -> None:
    assert not [text for text in _words() if "合法" in text or "lawful" in text.lower()]


def test_what_does_not_hold_has_no_area_and_no_powers() -> None:
    group = [
        officer(1, area="喀什市"),
        officer(2, area="喀什市"),
        officer(3, Verdict.SUSPENDED, area="和田市", powers=Powers.TOWNSHIP),
    ]
    assert against(judge(group, Act.SEAL)) == [("not_valid", (2,), "XJ-EM-2020 Art 15")]


def test_each_two_areas_that_do_not_meet_are_named_with_the_article_that_covers_both_im_2023_art_15() -> None:
    group = [inner_mongolian(1), inner_mongolian(2, area="库伦旗"), officer(3)]
    assert against(judge(group)) == [
        ("areas_do_not_meet", (0, 1), "IM-2023 Art 15"),
        ("areas_do_not_meet", (0, 2), None),
        ("areas_do_not_meet", (1, 2), None),
    ]


def test_a_void_certificate_is_told_with_the_article_of_the_page_xj_ggj_2022_2_8() -> None:
    group = [
        officer(1, categories=("机关事务管理",)),
        officer(2, Verdict.REVOKED, categories=("机关事务管理",)),
    ]
    assert against(judge(group)) == [("not_valid", (1,), "XJ-GGJ-2022 2(8)")]


def test_equal_areas_meet_whatever_they_mean() -> None:
    group = [inner_mongolian(digit, area="大沁他拉镇") for digit in (1, 2)]
    assert judge(group).open == ()
    assert unknown(judge([*group, inner_mongolian(3)])) == [("areas_unknown", (0, 1))]


def test_equal_words_of_two_regions_are_two_places() -> None:
    pair = [officer(1, area="中心镇"), inner_mongolian(2, area="中心镇")]
    assert (against(judge(pair)), unknown(judge(pair))) == ([], [("areas_unknown", (0, 1))])


def test_areas_in_other_words_meet_with_endings_old_names_and_a_prefecture_within_another() -> None:
    for one, other in (("库车县", "库车市"), ("喀什市境内", "喀什市"), ("伊犁州塔城地区乌苏市", "塔城地区")):
        found = judge([officer(1, area=one), officer(2, area=other)])
        assert (found.against, found.open) == ((), ())
