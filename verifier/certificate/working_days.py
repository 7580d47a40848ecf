"""Working days as the State Council announces them, holidays and days worked in their stead included.

Apart from `dates`, since a scan needs none of it.
"""

from datetime import date, timedelta

import chinese_calendar

from verifier.certificate.dates import day_of, start_of_day

_SATURDAY = 5


def add_working_days(seconds: int, days: int) -> int:
    """Give the first second after a number of working days, the day of `seconds` not counted.

    For years that nobody has announced yet, Monday to Friday are counted.
    """
    day = day_of(seconds)
    while days:
        day += timedelta(days=1)
        days -= _is_worked(day)
    return start_of_day(day + timedelta(days=1))


def _is_worked(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # the year is not announced
        return day.weekday() < _SATURDAY
