"""Days and spans of Chinese law."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.certificate.dates import add_months, day_of, iso, parse_instant, start_of_day

DAYS = st.dates(date(1971, 1, 1), date(2200, 12, 31))


def months_after(day: str, months: int) -> str:
    return iso(add_months(parse_instant(day), months))[:10]


def test_a_day_begins_at_midnight_in_beijing() -> None:
    assert start_of_day(date(2026, 1, 1)) == datetime(2025, 12, 31, 16, tzinfo=UTC).timestamp()


def test_there_was_summer_time_in_1988_and_it_does_not_count() -> None:
    assert start_of_day(date(1988, 7, 2)) - start_of_day(date(1988, 7, 1)) == 86_400
    assert start_of_day(date(1988, 7, 1)) == datetime(1988, 6, 30, 16, tzinfo=UTC).timestamp()


@given(DAYS)
def test_first_and_last_second_of_a_day_fall_on_it(day: date) -> None:
    start = start_of_day(day)
    assert day_of(start) == day_of(start + 86_399) == day
    assert day_of(start - 1) != day != day_of(start + 86_400)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-01", 60, "2031-01-01"),
        ("2026-01-01", 72, "2032-01-01"),
        ("2028-02-29", 60, "2033-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2096-02-29", 48, "2100-02-28"),
        ("2027-11-30", 3, "2028-02-29"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-08-31", 3, "2026-11-30"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-10-15", 3, "2027-01-15"),
        ("2026-12-01", 1, "2027-01-01"),
        ("2026-05-05", 0, "2026-05-05"),
    ],
)
def test_months_later(start: str, months: int, end: str) -> None:
    assert months_after(start, months) == end


@given(st.integers(0, 7_000_000_000), st.integers(0, 240))
def test_months_later_keep_the_time_of_day(start: int, months: int) -> None:
    later = add_months(start, months)
    assert iso(later)[11:] == iso(start)[11:]
    assert 0 <= day_of(start).day - day_of(later).day <= 3 or day_of(start).day == day_of(later).day


def test_an_instant_is_written_with_its_offset() -> None:
    assert iso(1_767_196_800) == "2026-01-01T00:00:00+08:00"


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00+08:00",
        "2025-12-31T16:00:00Z",
        "2025-12-31T16:00:00+00:00",
    ],
)
def test_an_instant_is_read_in_beijing_time_unless_it_says_otherwise(text: str) -> None:
    assert parse_instant(text) == 1_767_196_800


@given(st.integers(0, 4_000_000_000))
def test_an_instant_written_is_read_again(seconds: int) -> None:
    assert parse_instant(iso(seconds)) == seconds


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-02-29", "2026-13-01", "01/02/2026", "2026-01-01T25:00"]
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_instant(text)
