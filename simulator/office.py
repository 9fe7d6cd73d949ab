"""The working hours of the company's agents: Monday to Friday, 9 to 17 in Berlin, with few holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from simulator.clock import Calendar, IntArray

ZONE = ZoneInfo("Europe/Berlin")
OPENS = time(9)
WORKING_SECONDS = 8 * 3600
HOLIDAYS = ((1, 1), (5, 1), (12, 25), (12, 26))
"""Month and day."""


@dataclass(frozen=True)
class Office:
    """Working seconds are counted from the first day of `opens`, in UTC."""

    opens: IntArray
    """Second of the opening on each working day."""

    def worked(self, seconds: IntArray) -> IntArray:
        """Return the working seconds up to each second."""
        day = np.searchsorted(self.opens, seconds, side="right") - 1
        since = np.clip(seconds - self.opens[np.maximum(day, 0)], 0, WORKING_SECONDS)
        return np.where(day < 0, 0, day * WORKING_SECONDS + since)

    def second(self, worked: IntArray) -> IntArray:
        """Return the second at which a number of working seconds is over."""
        day = np.clip(worked // WORKING_SECONDS, 0, len(self.opens) - 1)
        return self.opens[day] + worked - day * WORKING_SECONDS


def make_office(calendar: Calendar) -> Office:
    """Return the hours from a month before the calendar to a year after it."""
    first = datetime.fromtimestamp(int(calendar.boundaries[0]), UTC).date() - timedelta(days=31)
    days = (first + timedelta(days=number) for number in range(calendar.end_day - calendar.first_day + 400))
    opens = [
        int(datetime.combine(day, OPENS, ZONE).timestamp())
        for day in days
        if day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS
    ]
    return Office(np.array(opens, dtype=np.int64))
