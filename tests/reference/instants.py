"""Instants are UTC without a zone, as in the models; months and days begin in the reporting time zone."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NEVER = datetime(1, 1, 1)  # noqa: DTZ001
FOREVER = datetime(9999, 1, 1)  # noqa: DTZ001


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The day of an instant in the zone."""
    return at.replace(tzinfo=UTC).astimezone(zone).date()


def local_month(at: datetime, zone: ZoneInfo) -> date:
    return local_day(at, zone).replace(day=1)


def month_start(month: date, zone: ZoneInfo) -> datetime:
    """First instant of a month in the zone."""
    midnight = datetime.combine(month, time(), tzinfo=zone)
    return midnight.astimezone(UTC).replace(tzinfo=None)


def next_month(month: date, count: int = 1) -> date:
    """First day of a month some months later, or earlier."""
    year, index = divmod(month.year * 12 + month.month - 1 + count, 12)
    return date(year, index + 1, 1)


def months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def add_interval(at: datetime, unit: str, count: int) -> datetime:
    """Add by the calendar: one month after 31 January is the last day of February."""
    if unit in ("day", "week"):
        return at + timedelta(days=count * (7 if unit == "week" else 1))
    first = next_month(at.date().replace(day=1), count * (12 if unit == "year" else 1))
    last = calendar.monthrange(first.year, first.month)[1]
    return at.replace(year=first.year, month=first.month, day=min(at.day, last))
