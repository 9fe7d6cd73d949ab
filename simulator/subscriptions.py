"""Simulate every account event by event: trials, purchases, changes, failures, pauses, departures.

All accounts advance together. In each round every active account takes its next event. This is the earlier of
the next scheduled event (a trial's end, a renewal, the end of a discount) and the next random event (a draw
from the rates of `hazards.py`). Events of one account never share a day unless they share the second. They
happen between 06:00 and 21:00 UTC, so two events are at least nine hours apart. A fixed share of departures
falls on the first instant of a month.
"""

from __future__ import annotations

import numpy as np

from simulator import catalog as c
from simulator import hazards as h
from simulator.clock import DAY_SECONDS, NEVER, Calendar, IntArray
from simulator.company import DIRECT, FREEMIUM, PROSPECT, TRIAL, Accounts
from simulator.departures import Departures
from simulator.periods import SLOTS, Items, Periods
from simulator.terms import Terms

TRIAL_DAYS = 14

# Outcome of a failed payment: share, first and last day, next event.
RECOVERS, ENDS, TURNS_UNPAID, STAYS_OPEN = range(4)
FAILURE_COURSES = (
    (0.80, 2, 29, RECOVERS),
    (0.03, 33, 55, RECOVERS),
    (0.05, 14, 29, ENDS),
    (0.06, 31, 60, ENDS),
    (0.03, 21, 21, TURNS_UNPAID),
    (0.03, 0, 0, STAYS_OPEN),
)


class Lifecycle:
    """The state of all accounts between two events. `run` simulates the whole company."""

    def __init__(self, accounts: Accounts, calendar: Calendar, rng: np.random.Generator) -> None:
        size = len(accounts)
        self.accounts = accounts
        self.calendar = calendar
        self.rng = rng
        self.items = Items(accounts.currency)
        self.terms = Terms(self.items, accounts, calendar, rng)
        self.departures = Departures(self.items, accounts, calendar, rng, self.terms)
        self.state = np.full(size, h.WAITING, dtype=np.int64)
        self.day = accounts.created // DAY_SECONDS
        self.due_day = np.full(size, NEVER, dtype=np.int64)
        self.due_course = np.zeros(size, dtype=np.int64)

    def run(self) -> Periods:
        """Run until no account has another event; return the period rows."""
        wait = self.rng.integers(1, 12, size=len(self.accounts))
        self.due_day = np.where(self.accounts.beginning == PROSPECT, NEVER, self.day + wait)
        living = np.flatnonzero(self.due_day < self.calendar.end_day)
        while living.size:
            living = self._round(living)
        return self.items.finish()

    def _round(self, living: IntArray) -> IntArray:
        quarter = self.calendar.quarter_of(self.day[living])
        rates = h.monthly_rates(self.accounts, self.items, self.state, living, self.day[living], quarter)
        total = rates.sum(axis=0)
        with np.errstate(divide="ignore"):
            days = np.ceil(self.rng.standard_exponential(len(living)) / np.maximum(total, 1e-12) * 30)
        chance_day = self.day[living] + np.minimum(days, NEVER // 2).astype(np.int64)
        due_day = self.due_day[living]
        terms_day = np.where(self.state[living] == h.CUSTOMER, self.terms.next_day[living], NEVER)
        # The mood changes at the end of a quarter, so random events are drawn again from there.
        quarter_day = self.calendar.quarter_ends[quarter]
        first = np.minimum(np.minimum(chance_day, quarter_day), np.minimum(due_day, terms_day))
        self.day[living] = first

        goes_on = first < self.calendar.end_day
        is_due = goes_on & (due_day == first)
        is_terms = goes_on & ~is_due & (terms_day == first)
        is_chance = goes_on & ~is_due & ~is_terms & (chance_day == first)
        chosen = h.choose(rates[:, is_chance], self.rng)
        self._scheduled(living[is_due])
        self._renewals(living[is_terms])
        self._chances(living[is_chance], chosen)
        waits = (self.due_day[living] < NEVER) | np.isin(self.state[living], (h.CUSTOMER, h.FREE))
        remaining: IntArray = living[goes_on & waits & (self.day[living] < self.calendar.end_day)]
        return remaining

    def _scheduled(self, who: IntArray) -> None:
        self.due_day[who] = NEVER
        state = self.state[who].copy()
        self._begin(who[state == h.WAITING])
        self._trial_ends(who[state == h.ON_TRIAL])
        self._first_payment(who[state == h.INCOMPLETE])
        self._failure_goes_on(who[state == h.OVERDUE])
        self._unpaid_ends(who[state == h.UNPAID])
        self._pause_ends(who[state == h.PAUSED])
        self._returns(who[state == h.GONE])

    def _begin(self, who: IntArray) -> None:
        beginning = self.accounts.beginning[who]
        free, trial = who[beginning == FREEMIUM], who[beginning == TRIAL]
        direct = who[beginning == DIRECT]
        self.terms.open_free(free, self._anchor(free))
        self.state[free] = h.FREE
        self.terms.open_main(trial, self._anchor(trial), status=c.TRIALING)
        self.state[trial] = h.ON_TRIAL
        self.due_day[trial] = self.day[trial] + TRIAL_DAYS
        fails = self.rng.random(len(direct)) < 0.04
        self._buy(direct[~fails], self._anchor(direct[~fails]))
        slow = direct[fails]
        self.terms.open_main(slow, self._anchor(slow), status=c.INCOMPLETE)
        self.state[slow] = h.INCOMPLETE
        self.due_day[slow] = self.day[slow] + 1

    def _trial_ends(self, who: IntArray) -> None:
        mood = self.accounts.satisfaction[who, self.calendar.quarter_of(self.day[who])]
        converts = self.rng.random(len(who)) < np.clip(0.70 + 0.12 * mood, 0.2, 0.95)
        self._start_paying(who[converts])
        self._stop(who[~converts])

    def _first_payment(self, who: IntArray) -> None:
        pays = self.rng.random(len(who)) < 0.7
        self._start_paying(who[pays])
        self._stop(who[~pays])

    def _start_paying(self, who: IntArray) -> None:
        at = self._anchor(who)
        self.items.cut(who, at)
        self.items.set_status(who, c.ACTIVE)
        self.terms.begin_paying(who, at)
        self.state[who] = h.CUSTOMER

    def _stop(self, who: IntArray) -> None:
        """End the accounts that never paid."""
        self.items.cut(who, self._anchor(who))
        self.items.close(who)
        self.state[who] = h.LOST

    def _buy(self, who: IntArray, at: IntArray) -> None:
        self.terms.open_main(who, at, status=c.ACTIVE)
        self.terms.begin_paying(who, at)
        self.state[who] = h.CUSTOMER

    def _renewals(self, who: IntArray) -> None:
        """Apply price changes, ends of discounts, and the renewal decisions of annual customers."""
        leaves = self.departures.leaves_at_renewal(who, self.day[who])
        self._gone(self.departures.at_renewal(who[leaves], self.day[who[leaves]]))
        stays = who[~leaves]
        self.terms.refresh(stays, self.terms.anchor_second(stays, self.day[stays]), self.day[stays])

    def _chances(self, who: IntArray, kind: IntArray) -> None:
        at = self._some_time(who)
        self.terms.change_seats(who, at, kind)
        self.terms.change_plan(who, at, kind)
        self.terms.toggle_add_on(who[kind == h.ADD_ON], at[kind == h.ADD_ON])
        self.terms.toggle_second(who[kind == h.SECOND], at[kind == h.SECOND])
        self.terms.swap(who[kind == h.SWAP], at[kind == h.SWAP])
        free = kind == h.CONVERT
        self.items.cut(who[free], at[free])
        self.terms.upgrade_from_free(who[free], at[free])
        self.state[who[free]] = h.CUSTOMER
        self._fail(who[kind == h.FAIL], at[kind == h.FAIL])
        self._pause(who[kind == h.PAUSE], at[kind == h.PAUSE])
        self._gone(self.departures.by_dispute(who[kind == h.DISPUTE], at[kind == h.DISPUTE]))
        cancels = who[kind == h.CANCEL]
        departed = self.departures.by_request(cancels, at[kind == h.CANCEL])
        # Service paid beyond the last month ends after the simulation, so the account stays a customer.
        self.day[np.setdiff1d(cancels, departed)] = self.calendar.end_day
        self._gone(departed)

    def _fail(self, who: IntArray, at: IntArray) -> None:
        self.items.cut(who, at)
        self.items.set_status(who, c.PAST_DUE)
        self.state[who] = h.OVERDUE
        edges = np.cumsum([share for share, _, _, _ in FAILURE_COURSES])
        course = np.minimum(np.searchsorted(edges, self.rng.random(len(who)), side="right"), len(edges) - 1)
        low = np.array([low for _, low, _, _ in FAILURE_COURSES])[course]
        high = np.array([high for _, _, high, _ in FAILURE_COURSES])[course]
        outcome = np.array([outcome for _, _, _, outcome in FAILURE_COURSES])[course]
        due = self.day[who] + self.rng.integers(low, high + 1)
        self.due_course[who] = outcome
        self.due_day[who] = np.where(outcome == STAYS_OPEN, NEVER, due)

    def _failure_goes_on(self, who: IntArray) -> None:
        at = self._some_time(who)
        course = self.due_course[who]
        back = course == RECOVERS
        self.items.cut(who[back], at[back])
        self.items.set_status(who[back], c.ACTIVE)
        self.state[who[back]] = h.CUSTOMER
        self.terms.refresh(who[back], at[back], self.day[who[back]])
        ends = course == ENDS
        self._gone(self.departures.unpaid(who[ends], at[ends]))
        unpaid = course == TURNS_UNPAID
        self.items.cut(who[unpaid], at[unpaid], ending=c.INVOLUNTARY)
        self.items.set_status(who[unpaid], c.UNPAID)
        self.state[who[unpaid]] = h.UNPAID
        self.due_day[who[unpaid]] = self.day[who[unpaid]] + 60

    def _unpaid_ends(self, who: IntArray) -> None:
        self._gone(self.departures.unpaid(who, self._some_time(who)))

    def _pause(self, who: IntArray, at: IntArray) -> None:
        self.items.cut(who, at, self.terms.MAIN_SLOTS, ending=c.PAUSE)
        self.items.set_status(who, c.PAUSED, self.terms.MAIN_SLOTS)
        self.state[who] = h.PAUSED
        self.due_day[who] = self.day[who] + self.rng.integers(20, 95, size=len(who))

    def _pause_ends(self, who: IntArray) -> None:
        at = self._some_time(who)
        resumes = self.rng.random(len(who)) < 0.75
        back = who[resumes]
        self.items.cut(back, at[resumes])
        self.items.set_status(back, c.ACTIVE, self.terms.MAIN_SLOTS)
        self.state[back] = h.CUSTOMER
        self.terms.refresh(back, at[resumes], self.day[back])
        self._gone(self.departures.from_pause(who[~resumes], at[~resumes]))

    def _gone(self, departed: IntArray) -> None:
        """Return accounts whose rows have ended. The departure decides the day and a possible return."""
        self.day[departed] = self.departures.day[departed]
        self.state[departed] = h.GONE
        self.due_day[departed] = self.departures.return_day[departed]
        self.items.close(departed, SLOTS)

    def _returns(self, who: IntArray) -> None:
        self.terms.reopen(who, self._some_time(who))
        self.state[who] = h.CUSTOMER

    def _anchor(self, who: IntArray) -> IntArray:
        return self.terms.anchor_second(who, self.day[who])

    def _some_time(self, who: IntArray) -> IntArray:
        return self.day[who] * DAY_SECONDS + self.rng.integers(6 * 3600, 21 * 3600, size=len(who))


def make_periods(accounts: Accounts, calendar: Calendar, rng: np.random.Generator) -> Periods:
    """Simulate `accounts`; return the rows of all their subscription items."""
    return Lifecycle(accounts, calendar, rng).run()
