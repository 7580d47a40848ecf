"""The reasons of clean-up tables → events: NM-2022 2(2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.certificate.jurisdictions import jurisdiction_of, jurisdictions
from verifier.certificate.lifecycle import Event
from verifier.issuing.clean_up import UnknownReasonError, clean_up_reasons, read_reason


@pytest.mark.parametrize(
    ("text", "event", "inner_mongolia", "xinjiang"),
    [
        ("工勤人员", Event.CANCELLED, "other", "wrongly_issued"),
        ("聘用人员", Event.CANCELLED, "other", "wrongly_issued"),
        ("劳务派遣", Event.CANCELLED, "other", "wrongly_issued"),
        ("1", Event.CANCELLED, "other", "wrongly_issued"),
        ("退休", Event.CANCELLED, "retired", "retired"),
        ("调离", Event.CANCELLED, "moved", "moved"),
        ("开除", Event.CANCELLED, "dismissed", "dismissed"),
        ("辞 职", Event.CANCELLED, "resigned", "resigned"),
        ("死亡", Event.CANCELLED, "died", "left"),
        ("２", Event.CANCELLED, "left", "left"),
        ("（2）调离", Event.CANCELLED, "moved", "moved"),
        ("3、遗失", Event.LOST, "lost", "lost"),
        ("3", Event.LOST, "lost", "lost"),
        ("照片质量", Event.REPLACED, "data", "data"),
        ("4. 信息错误", Event.REPLACED, "data", "data"),
        ("其他", Event.CANCELLED, "other", "other"),
        ("5", Event.CANCELLED, "other", "other"),
    ],
)
def test_a_reason_leads_to_its_event(text: str, event: Event, inner_mongolia: str, xinjiang: str) -> None:
    reason = read_reason(text)
    assert reason.happening is event
    assert reason.code(jurisdiction_of("150000")) == inner_mongolia
    assert reason.code(jurisdiction_of("650000")) == xinjiang


@pytest.mark.parametrize("text", ["", "0", "6", "11", "精神病", "3 调离", "非工勤人员", "辞职、遗失"])
def test_a_reason_that_is_not_in_the_list_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(
        UnknownReasonError, match=r"none of NM-2022 2\(2\): 1 不具备资格; 2 离开执法岗位;"
    ) as error:
        read_reason(text)
    assert "精神病" not in str(error.value)


def test_every_wording_is_read_as_it_stands_and_means_one_thing() -> None:
    words = [word for entry in clean_up_reasons() for word in entry.words]
    assert len(words) == len(set(words))
    assert all(word in read_reason(word).words for word in words)


def test_every_jurisdiction_has_a_code_for_every_reason() -> None:
    for rules in jurisdictions().values():
        for reason in clean_up_reasons():
            assert reason.code(rules) in rules.reasons(reason.event)


@given(st.text(max_size=20))
def test_any_text_is_a_reason_or_unknown(text: str) -> None:
    try:
        assert read_reason(text) in clean_up_reasons()
    except UnknownReasonError as error:
        assert "\n" not in str(error)  # noqa: PT017  # any other error fails the test
