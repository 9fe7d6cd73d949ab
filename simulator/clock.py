"""The simulator's calendar: days and seconds since 1970-01-01 UTC, as int64 arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

DAY_SECONDS = 86_400
NEVER = 2**40
"""A day and a second after the end of every simulation."""


@dataclass(frozen=True)
class Calendar:
    """The months of the simulation, from `month_starts[0]` up to but excluding `month_starts[-1]`."""

    month_starts: IntArray
    """First days of the months, and the first day after the last; shape (months + 1,)."""

    @property
    def months(self) -> int:
        return len(self.month_starts) - 1

    @property
    def first_day(self) -> int:
        return int(self.month_starts[0])

    @property
    def end_day(self) -> int:
        """First day after the simulation."""
        return int(self.month_starts[-1])

    @property
    def boundaries(self) -> IntArray:
        """First seconds of the months, and the first second after the last; shape (months + 1,)."""
        return self.month_starts * DAY_SECONDS

    @property
    def quarters(self) -> int:
        return -(-self.months // 3)

    @property
    def quarter_ends(self) -> IntArray:
        """First day after each quarter of the company's life; shape (quarters,)."""
        last = np.minimum(np.arange(1, self.quarters + 1) * 3, self.months)
        return self.month_starts[last]

    def month_of(self, days: IntArray) -> IntArray:
        """Index of the month of each day."""
        return np.searchsorted(self.month_starts, days, side="right") - 1

    def quarter_of(self, days: IntArray) -> IntArray:
        """Index of the quarter of each day, counted from the company's first month."""
        return np.clip(self.month_of(days) // 3, 0, self.quarters - 1)

    def year_of(self, days: IntArray) -> IntArray:
        """Index of the year of each day, counted from the company's first month."""
        return self.month_of(days) // 12


def calendar(months: int, until: date) -> Calendar:
    """The calendar of the `months` months before `until`, the first day of a month."""
    after = np.datetime64(until, "M")
    starts = np.arange(after - months, after + 1).astype("datetime64[D]").astype(np.int64)
    return Calendar(starts)


def add_months(days: IntArray, months: IntArray) -> IntArray:
    """The same day of the month `months` later, or the last day of a month that is too short."""
    month = days.astype("datetime64[D]").astype("datetime64[M]")
    day_of_month = days - month.astype("datetime64[D]").astype(np.int64)
    target = month + months.astype("timedelta64[M]")
    first = target.astype("datetime64[D]").astype(np.int64)
    last = (target + 1).astype("datetime64[D]").astype(np.int64) - 1
    days_there: IntArray = np.minimum(first + day_of_month, last)
    return days_there


def next_monthly(anchors: IntArray, days: IntArray) -> IntArray:
    """First monthly anniversary of `anchors` after `days`."""
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    anchor_month = anchors.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    candidate = add_months(anchors, month - anchor_month)
    return np.where(candidate > days, candidate, add_months(anchors, month - anchor_month + 1))


def next_month_start(days: IntArray) -> IntArray:
    """First day of the month after the month of `days`."""
    month = days.astype("datetime64[D]").astype("datetime64[M]") + 1
    return month.astype("datetime64[D]").astype(np.int64)
