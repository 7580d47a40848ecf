"""Days and spans of Chinese law (Beijing time, UTC+8, no summer time) ↔ seconds since 1970."""

import calendar
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

BEIJING: Final = timezone(timedelta(hours=8))


def start_of_day(day: date) -> int:
    """Give the first second of a day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=BEIJING).timestamp())


def day_of(seconds: int) -> date:
    """Give the day that an instant falls on."""
    return datetime.fromtimestamp(seconds, BEIJING).date()


def add_months(seconds: int, months: int) -> int:
    """Give the same time of day some months later; the 31st becomes a shorter month's last day."""
    start = datetime.fromtimestamp(seconds, BEIJING)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


@lru_cache(maxsize=4_096)
def iso(seconds: int) -> str:
    """Write an instant, e.g. `2026-01-01T00:00:00+08:00`.

    Answers name the same instants again and again: this second, and the first and last days.
    """
    return datetime.fromtimestamp(seconds, BEIJING).isoformat()


def parse_instant(text: str) -> int:
    """Read a day (its first second) or an instant.

    Args:
        text: `2026-01-31`, or ISO 8601 with an offset; without one, Beijing time.

    Returns:
        Seconds since 1970.

    Raises:
        ValueError: neither.
    """
    try:
        return start_of_day(date.fromisoformat(text))
    except ValueError:
        instant = datetime.fromisoformat(text)
    return int((instant if instant.tzinfo else instant.replace(tzinfo=BEIJING)).timestamp())
