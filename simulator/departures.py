"""Departures of customers: end of service, its form in the export, and returns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator import catalog as c
from simulator import hazards as h
from simulator.clock import DAY_SECONDS, NEVER, Calendar, IntArray, next_month_start, next_monthly
from simulator.company import Accounts
from simulator.periods import MAIN, Items
from simulator.terms import Terms

RETURN_SHARE = 0.16
RETURN_DAYS = 110
"""Mean of the gap before a return."""


class Departures:
    """Writes the last rows of leaving accounts.

    For the accounts that a method returned, `day` holds the day of departure and `return_day` the day of
    return (or NEVER).
    """

    def __init__(
        self,
        items: Items,
        accounts: Accounts,
        calendar: Calendar,
        rng: np.random.Generator,
        terms: Terms,
    ) -> None:
        self.items = items
        self.accounts = accounts
        self.calendar = calendar
        self.rng = rng
        self.terms = terms
        self.day = np.zeros(len(accounts), dtype=np.int64)
        self.return_day = np.full(len(accounts), NEVER, dtype=np.int64)

    def by_request(self, who: IntArray, requested: IntArray) -> IntArray:
        """Cancel at `requested`. Most service ends with the paid month, some at once or at the month's end.

        Returns the accounts whose service ends within the simulation.
        """
        day = requested // DAY_SECONDS
        paid_until = self.terms.anchor_second(who, next_monthly(self.terms.anchor_day[who], day))
        # With quarterly billing more months may be left, but service ends at the month's end.
        draw = self.rng.random(len(who))
        end = np.where(draw < 0.12, requested, paid_until)
        # A discount that ends before the month would change the price of the rest.
        month_end = next_month_start(day)
        waits = (draw > 0.94) & (self.terms.discount_end[who] >= month_end)
        end = np.where(waits, month_end * DAY_SECONDS, end)
        inside = end < self.calendar.end_day * DAY_SECONDS
        who, end, requested = who[inside], end[inside], requested[inside]
        kind = np.where(self.rng.random(len(who)) < 0.86, c.VOLUNTARY, c.UNKNOWN)
        # Some systems delete a subscription instead of ending it.
        deleted = (kind == c.UNKNOWN) & (self.rng.random(len(who)) < 0.15)
        asked = np.where(kind == c.UNKNOWN, -1, np.minimum(requested, end))
        return self._leave(who, end, kind, requested=asked, is_tombstone=deleted)

    def leaves_at_renewal(self, who: IntArray, day: IntArray) -> NDArray[np.bool_]:
        """Annual customers decide once a year, with twelve times the monthly rate."""
        mood = self.accounts.satisfaction[who, self.calendar.quarter_of(day)]
        tenure = np.full(len(who), 300, dtype=np.int64)
        rate = h.cancel_rates(self.accounts, who, mood, tenure)
        leaves = self.rng.random(len(who)) < np.minimum(0.85, 10 * rate)
        is_renewal = self.terms.renewal_day[who] <= day
        is_annual = self.items.interval[MAIN, who] == c.ANNUAL
        leaves_then: NDArray[np.bool_] = leaves & is_renewal & is_annual
        return leaves_then

    def at_renewal(self, who: IntArray, day: IntArray) -> IntArray:
        end = self.terms.anchor_second(who, day)
        draw = self.rng.random(len(who))
        kind = np.select([draw < 0.72, draw < 0.88], [c.VOLUNTARY, c.PLANNED_END], c.UNKNOWN)
        notice = end - self.rng.integers(5 * DAY_SECONDS, 60 * DAY_SECONDS, size=len(who))
        # The notice falls within the last period.
        notice = np.maximum(notice, self.items.start[MAIN, who] + 3600)
        return self._leave(who, end, kind, requested=np.where(kind == c.VOLUNTARY, notice, -1))

    def by_dispute(self, who: IntArray, at: IntArray) -> IntArray:
        return self._leave(who, at, np.full(len(who), c.DISPUTE, dtype=np.int64))

    def unpaid(self, who: IntArray, at: IntArray) -> IntArray:
        return self._leave(who, at, np.full(len(who), c.INVOLUNTARY, dtype=np.int64))

    def from_pause(self, who: IntArray, at: IntArray) -> IntArray:
        return self._leave(who, at, np.full(len(who), c.VOLUNTARY, dtype=np.int64), requested=at)

    def _leave(
        self,
        who: IntArray,
        end: IntArray,
        kind: IntArray,
        *,
        requested: IntArray | int = -1,
        is_tombstone: NDArray[np.bool_] | int = 0,
    ) -> IntArray:
        edges = np.cumsum(c.REASON_SHARES)
        reason = np.minimum(np.searchsorted(edges, self.rng.random(len(who)), "right"), len(c.REASONS) - 1)
        self.items.cut(
            who,
            end,
            requested=requested,
            kind=np.where(kind == c.UNKNOWN, 0, kind),
            reason=np.where(kind == c.VOLUNTARY, reason, 0),
            ending=kind,
            is_tombstone=is_tombstone,
        )
        self.day[who] = end // DAY_SECONDS
        returns = self.rng.random(len(who)) < RETURN_SHARE
        gap = 2 + np.floor(RETURN_DAYS * self.rng.standard_exponential(len(who))).astype(np.int64)
        self.return_day[who] = np.where(returns, self.day[who] + gap, NEVER)
        return who
