"""Working days: what holds for any day and any number of them, announced or not."""

from hypothesis import given
from hypothesis import strategies as st

from verifier.certificate.bounds import BOUNDS
from verifier.certificate.dates import day_of, start_of_day
from verifier.certificate.working_days import add_working_days

_DAY = 86_400
_SECONDS = st.integers(0, BOUNDS.seconds - 2 * 365 * _DAY)
_DAYS = st.integers(1, 365)


@given(_SECONDS, _DAYS)
def test_a_term_ends_at_midnight_in_beijing_and_no_day_of_it_counts_twice(start: int, days: int) -> None:
    end = add_working_days(start, days)
    assert end == start_of_day(day_of(end))
    assert (day_of(end) - day_of(start)).days > days


@given(_SECONDS, st.integers(1, 60), st.integers(1, 60))
def test_one_term_after_another_is_as_long_as_both_together(start: int, first: int, second: int) -> None:
    last_of_first = add_working_days(start, first) - 1
    assert add_working_days(last_of_first, second) == add_working_days(start, first + second)


@given(_SECONDS, _DAYS)
def test_the_hour_of_the_day_changes_nothing(start: int, days: int) -> None:
    assert add_working_days(start_of_day(day_of(start)), days) == add_working_days(start, days)
