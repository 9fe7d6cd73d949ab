"""Exchange rates to the reporting currency: one random walk per foreign currency, one rate a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.catalog import CURRENCIES
from simulator.clock import Calendar, IntArray

RATE_SCALE = 1_000_000
"""Rates are whole millionths of a US dollar, both in the files and in the truth."""

FIRST_RATES = (1.0, 1.09, 1.26)
DAILY_STEP = 0.0045


@dataclass(frozen=True)
class Rates:
    """`rates[currency, day]` in millionths of a US dollar, from `first_day` on without gaps."""

    first_day: int
    rates: IntArray

    def at_month_ends(self, calendar: Calendar) -> IntArray:
        """Rates on the last days of the month before the first and of every month.

        Shape (currencies, months + 1): position k holds the rate in force at boundary k.
        """
        return self.rates[:, calendar.month_starts - 1 - self.first_day]


def make_rates(calendar: Calendar, rng: np.random.Generator) -> Rates:
    """Draw the rates from the month before the first up to the last day of the last month."""
    month_before = np.datetime64(calendar.first_day, "D").astype("datetime64[M]") - 1
    first_day = int(month_before.astype("datetime64[D]").astype(np.int64))
    days = calendar.end_day - first_day
    rates = np.empty((len(CURRENCIES), days), dtype=np.int64)
    rates[0] = RATE_SCALE
    for code in range(1, len(CURRENCIES)):
        # A pull towards the start keeps a long random walk in a realistic range.
        steps = rng.normal(0.0, DAILY_STEP, size=days)
        level = np.empty(days)
        position = 0.0
        for day in range(days):
            position = 0.997 * position + steps[day]
            level[day] = position
        rates[code] = np.rint(FIRST_RATES[code] * np.exp(level) * RATE_SCALE).astype(np.int64)
    return Rates(first_day, rates)
