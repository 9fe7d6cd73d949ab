"""Purchases and changes of terms: plans, seats, prices, discounts, add-ons."""

from __future__ import annotations

import numpy as np

from simulator import catalog as c
from simulator import hazards as h
from simulator.clock import DAY_SECONDS, NEVER, Calendar, IntArray, add_months
from simulator.company import Accounts
from simulator.periods import ADD_ON, MAIN, METERED, SECOND, Items

YEAR_DAYS = 365


class Terms:
    """Writes purchases and changes to the items, and stores the days of the next scheduled changes."""

    MAIN_SLOTS = (MAIN, ADD_ON, METERED)
    """Slots of the main subscription."""

    def __init__(
        self, items: Items, accounts: Accounts, calendar: Calendar, rng: np.random.Generator
    ) -> None:
        size = len(accounts)
        self.items = items
        self.accounts = accounts
        self.calendar = calendar
        self.rng = rng
        # One year beyond the simulation, because renewals look up prices by their year.
        self.prices = c.price_list(calendar.months // 12 + 2)
        self.anchor_time = rng.integers(6 * 3600, 21 * 3600, size=size)
        """Time of day of all events that follow the start of the subscription."""
        self.anchor_day = np.zeros(size, dtype=np.int64)
        self.renewal_day = np.full(size, NEVER, dtype=np.int64)
        self.discount_end = np.full(size, NEVER, dtype=np.int64)
        self.next_day = np.full(size, NEVER, dtype=np.int64)

    def anchor_second(self, who: IntArray, day: IntArray) -> IntArray:
        return day * DAY_SECONDS + self.anchor_time[who]

    def open_free(self, who: IntArray, at: IntArray) -> None:
        seats = 1 + self.rng.integers(0, 4, size=len(who))
        zero = np.zeros(len(who), dtype=np.int64)
        number = self.items.new_number(who)
        self.items.open(
            MAIN, who, at, number=number, plan=zero, quantity=seats, unit_amount=zero, interval=zero
        )

    def open_main(self, who: IntArray, at: IntArray, *, status: int) -> None:
        """Start a first subscription, with plan, seats and billing by segment."""
        segment = self.accounts.segment[who]
        plan = self._by_segment(
            segment, ((0, 0.52, 0.43, 0.05, 0.0), (0, 0.02, 0.43, 0.5, 0.05), (0, 0, 0.03, 0.32, 0.65))
        )
        interval = self._by_segment(segment, ((0.78, 0.02, 0.20), (0.53, 0.07, 0.40), (0.20, 0.10, 0.70)))
        self.items.open(
            MAIN,
            who,
            at,
            number=self.items.new_number(who),
            plan=plan,
            quantity=self._first_seats(segment),
            unit_amount=self._price(who, plan, interval, at),
            interval=interval,
            status=status,
        )

    def begin_paying(self, who: IntArray, at: IntArray) -> None:
        """Start the first paid period: discounts, extra fees, and the days of scheduled changes."""
        day = at // DAY_SECONDS
        self.anchor_day[who] = day
        self.renewal_day[who] = day + YEAR_DAYS
        self._grant_discount(who, day)
        self._schedule(who)
        draw = self.rng.random(len(who))
        larger = self.accounts.segment[who] != c.SMB
        guided = who[larger & (draw < 0.3)]
        fee = self.prices[c.ONBOARDING, self.accounts.currency[guided], 0]
        self.items.write_set_up(guided, at[larger & (draw < 0.3)], fee, self.calendar.end_day * DAY_SECONDS)
        metered = (draw > 0.96) & ~self.items.is_open[METERED, who]
        self._open_flat(METERED, who[metered], at[metered], c.API_CALLS, 5_000)

    def upgrade_from_free(self, who: IntArray, at: IntArray) -> None:
        """Change from the free plan to a paid plan in the same subscription."""
        plan = np.full(len(who), c.STARTER, dtype=np.int64)
        self.items.plan[MAIN, who] = plan
        self.items.quantity[MAIN, who] += 1
        self.items.unit_amount[MAIN, who] = self._price(who, plan, self.items.interval[MAIN, who], at)
        self.anchor_time[who] = at % DAY_SECONDS
        self.begin_paying(who, at)

    def refresh(self, who: IntArray, at: IntArray, day: IntArray) -> None:
        """Apply scheduled changes: the end of a discount, the yearly price, seats of annual customers."""
        items = self.items
        ends = (self.discount_end[who] <= day) & (items.discount_percent[MAIN, who] > 0)
        renews = self.renewal_day[who] <= day
        was_annual = items.interval[MAIN, who] == c.ANNUAL
        draw = self.rng.random(len(who))
        to_annual = renews & (items.interval[MAIN, who] == c.MONTHLY) & (draw < 0.06)
        interval = np.where(to_annual, c.ANNUAL, items.interval[MAIN, who])
        seats = items.quantity[MAIN, who]
        fewer = np.maximum(1, seats - np.maximum(1, seats // 8))
        seats = np.where(renews & was_annual & (draw > 0.86), fewer, seats)
        listed = self._price(who, items.plan[MAIN, who], interval, at)
        unit_amount = np.where(renews, listed, items.unit_amount[MAIN, who])
        changes = ends | (unit_amount != items.unit_amount[MAIN, who]) | (seats != items.quantity[MAIN, who])
        items.cut(who[changes], at[changes], (MAIN,))
        items.interval[MAIN, who] = interval
        items.quantity[MAIN, who] = seats
        items.unit_amount[MAIN, who] = unit_amount
        self._remove_discount(who[ends])
        self.discount_end[who[self.discount_end[who] <= day]] = NEVER
        late = (day - self.renewal_day[who]) // YEAR_DAYS + 1
        self.renewal_day[who] += np.where(renews, late * YEAR_DAYS, 0)
        self._schedule(who)

    def change_seats(self, who: IntArray, at: IntArray, kind: IntArray) -> None:
        share = self.rng.uniform(0.03, 0.18, size=len(who))
        seats = self.items.quantity[MAIN, who]
        step = np.maximum(1, (seats * share).astype(np.int64))
        wanted = np.where(
            kind == h.SEATS_UP, seats + step, np.where(kind == h.SEATS_DOWN, seats - step, seats)
        )
        wanted = np.maximum(1, wanted)
        changes = wanted != seats
        self.items.cut(who[changes], at[changes], (MAIN,))
        self.items.quantity[MAIN, who] = wanted

    def change_plan(self, who: IntArray, at: IntArray, kind: IntArray) -> None:
        """Move one plan up or down, at the current list price."""
        plan = self.items.plan[MAIN, who]
        step = (kind == h.PLAN_UP).astype(np.int64) - (kind == h.PLAN_DOWN)
        wanted = np.clip(plan + step, c.STARTER, c.ENTERPRISE_PLAN)
        changes = (wanted != plan) & (step != 0)
        changed = who[changes]
        self.items.cut(changed, at[changes], (MAIN,))
        self.items.plan[MAIN, changed] = wanted[changes]
        self.items.unit_amount[MAIN, changed] = self._price(
            changed, wanted[changes], self.items.interval[MAIN, changed], at[changes]
        )

    def toggle_add_on(self, who: IntArray, at: IntArray) -> None:
        """Buy the add-on for every seat, or drop it."""
        held = self.items.is_open[ADD_ON, who]
        self.items.cut(who[held], at[held], (ADD_ON,))
        buyers, at_buy = who[~held], at[~held]
        plan = np.full(len(buyers), c.INSIGHTS, dtype=np.int64)
        interval = self.items.interval[MAIN, buyers]
        self.items.open(
            ADD_ON,
            buyers,
            at_buy,
            number=self.items.number[MAIN, buyers],
            plan=plan,
            quantity=self.items.quantity[MAIN, buyers],
            unit_amount=self._price(buyers, plan, interval, at_buy),
            interval=interval,
        )
        self.items.close(who[held], (ADD_ON,))

    def toggle_second(self, who: IntArray, at: IntArray) -> None:
        """Subscribe to a second product, or end that subscription."""
        held = self.items.is_open[SECOND, who]
        self.items.cut(who[held], at[held], (SECOND,))
        buyers, at_buy = who[~held], at[~held]
        self._open_flat(SECOND, buyers, at_buy, c.ACADEMY, 1)
        self.items.close(who[held], (SECOND,))

    def swap(self, who: IntArray, at: IntArray) -> None:
        """Move the main subscription to a more expensive plan under a new id, at the same instant."""
        items = self.items
        items.cut(who, at, self.MAIN_SLOTS)
        old, new = items.number[MAIN, who], items.new_number(who)
        for slot in self.MAIN_SLOTS:
            items.number[slot, who] = new
            items.replaces[slot, who] = old
        items.plan[MAIN, who] = np.minimum(items.plan[MAIN, who] + 1, c.ENTERPRISE_PLAN)
        items.unit_amount[MAIN, who] = self._price(who, items.plan[MAIN, who], items.interval[MAIN, who], at)
        self.anchor_day[who] = at // DAY_SECONDS
        self.renewal_day[who] = at // DAY_SECONDS + YEAR_DAYS
        self.anchor_time[who] = at % DAY_SECONDS
        self._schedule(who)

    def reopen(self, who: IntArray, at: IntArray) -> None:
        """Return after a gap: three in ten accounts use the old subscription id, the others a new one."""
        items = self.items
        fresh = self.rng.random(len(who)) < 0.7
        number = items.number[MAIN, who]
        number[fresh] = items.new_number(who[fresh])
        plan = items.plan[MAIN, who]
        interval = items.interval[MAIN, who]
        items.open(
            MAIN,
            who,
            at,
            number=number,
            plan=plan,
            quantity=np.maximum(1, items.quantity[MAIN, who] * self.rng.integers(60, 131, len(who)) // 100),
            unit_amount=self._price(who, plan, interval, at),
            interval=interval,
        )
        self.anchor_time[who] = at % DAY_SECONDS
        day = at // DAY_SECONDS
        self.anchor_day[who] = day
        self.renewal_day[who] = day + YEAR_DAYS
        self.discount_end[who] = NEVER
        self._schedule(who)

    def _open_flat(self, slot: int, who: IntArray, at: IntArray, plan_code: int, most: int) -> None:
        plan = np.full(len(who), plan_code, dtype=np.int64)
        own = slot == SECOND
        # A few small subscriptions have weekly billing. Usage charges are always monthly.
        weekly = own & (self.rng.random(len(who)) < 0.08)
        interval = np.where(weekly, c.WEEKLY, c.MONTHLY)
        self.items.open(
            slot,
            who,
            at,
            number=self.items.new_number(who) if own else self.items.number[MAIN, who],
            plan=plan,
            quantity=self.rng.integers(1, most + 1, size=len(who)),
            unit_amount=self._price(who, plan, interval, at),
            interval=interval,
        )

    def _grant_discount(self, who: IntArray, day: IntArray) -> None:
        items = self.items
        kind = self._by_segment(
            self.accounts.segment[who],
            ((0.72, 0.04, 0.20, 0.04), (0.68, 0.10, 0.18, 0.04), (0.50, 0.45, 0.05)),
        )
        percent = 5 * self.rng.integers(2, 5, size=len(who))
        percent = np.where(kind >= c.REPEATING, percent + 10 * self.rng.integers(1, 4, len(who)), percent)
        months = np.array((3, 6, 12))[self.rng.integers(0, 3, size=len(who))]
        cycle = np.array((1, 3, 12))[items.interval[MAIN, who]]
        months = np.where(kind == c.ONCE, cycle, np.maximum(months, cycle))
        items.discount_kind[MAIN, who] = kind
        items.discount_percent[MAIN, who] = np.where(kind == c.NO_DISCOUNT, 0, percent)
        self.discount_end[who] = np.where(kind >= c.REPEATING, add_months(day, months), NEVER)

    def _remove_discount(self, who: IntArray) -> None:
        self.items.discount_percent[MAIN, who] = 0
        self.items.discount_kind[MAIN, who] = c.NO_DISCOUNT

    def _schedule(self, who: IntArray) -> None:
        self.next_day[who] = np.minimum(self.renewal_day[who], self.discount_end[who])

    def _price(self, who: IntArray, plan: IntArray, interval: IntArray, at: IntArray) -> IntArray:
        year = self.calendar.year_of(at // DAY_SECONDS)
        monthly = self.prices[plan, self.accounts.currency[who], year]
        times = np.array([times for times, _ in c.INTERVAL_PRICES])[interval]
        per = np.array([per for _, per in c.INTERVAL_PRICES])[interval]
        price: IntArray = monthly * times // per
        return price

    def _first_seats(self, segment: IntArray) -> IntArray:
        middle = np.array((1.6, 3.5, 5.0))[segment]
        spread = np.array((0.6, 0.5, 0.5))[segment]
        seats = np.exp(middle + spread * self.rng.standard_normal(len(segment)))
        return np.maximum(1, np.round(seats, 6).astype(np.int64))

    def _by_segment(self, segment: IntArray, shares: tuple[tuple[float, ...], ...]) -> IntArray:
        """Draw a code per account from the shares of its segment."""
        width = max(len(row) for row in shares)
        edges = np.array([np.cumsum([*row, *[0.0] * (width - len(row))]) for row in shares])[segment]
        point = self.rng.random(len(segment))[:, None]
        codes: IntArray = np.minimum((edges <= point + 1e-12).sum(axis=1), width - 1)
        return codes
