"""What users do in the product: visits by seat, fewer in bad moods and in the weeks before many departures.

The export has few kinds of events, as from a tool that counts visits and the main features.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simulator import catalog as c
from simulator import wording as w
from simulator.behaviour import Behaviour
from simulator.clock import DAY_SECONDS, NEVER, Calendar, IntArray
from simulator.company import Accounts, Contacts, pick
from simulator.hazards import mood_factor
from simulator.onboarding import USAGE_STATUSES, Onboarding
from simulator.periods import MAIN, Periods
from simulator.runs import repeat

EVENT_NAMES = (
    "signed_in",
    "dashboard_viewed",
    "report_created",
    "report_published",
    "data_exported",
    "teammate_invited",
    "page_viewed",
)
SIGNED_IN, VIEWED, _, PUBLISHED = range(4)
"""The first published report is the first value of an account."""
FIRST_EVENT_SHARES = (0.55, 0.18, 0.07, 0.05, 0.04, 0.01, 0.10)
NEXT_EVENT_SHARES = (0.0, 0.34, 0.20, 0.16, 0.12, 0.03, 0.15)

IDLE_SHARES = (0.20, 0.15, 0.15)
"""Share of the paid seats that nobody uses, by segment. The first two seats of an account are used."""
VISITS = (2.8, 1.6, 1.5)
"""Visits per used seat and month, by segment. Some users come three times as often as others."""
NEXT_EVENTS = (0.25, 0.12, 0.08)
"""Further events per visit."""
DECISION_MAKER_VISITS = 0.3
WEEKEND_VISITS = 0.12
MOOD_ON_VISITS = 0.2
SLUMP_VISITS, NOTICE_VISITS = 0.3, 0.4
RAMP_START, RAMP_DAYS = 0.35, 60
SLIP_DEPTH = 0.85
UTC_OFFSETS = (-6, 0, 1, 1, -5, 1, 10, 1, 0, 1)
"""Hours by country."""
_MICRO = 1_000_000

Events = dict[str, IntArray]
"""One entry per event, in order of time: account, seat (number), contact (-1 for a user whom the
CRM does not know), name, moment (second)."""


class Product:
    """Writes the events of the last months, one month at a time."""

    def __init__(
        self,
        accounts: Accounts,
        contacts: Contacts,
        periods: Periods,
        behaviour: Behaviour,
        onboarding: Onboarding,
        calendar: Calendar,
        rng: np.random.Generator,
    ) -> None:
        self.accounts = accounts
        self.contacts = contacts
        self.behaviour = behaviour
        self.onboarding = onboarding
        self.calendar = calendar
        self.rng = rng
        self.salt = np.uint64(rng.integers(2**62))
        used = (periods["slot"] == MAIN) & np.isin(periods["status"], USAGE_STATUSES)
        self.rows = {name: periods[name][used] for name in ("account", "start", "end", "quantity")}
        self.rows["end"] = np.where(self.rows["end"] < 0, NEVER, self.rows["end"])
        self.first_contact = np.searchsorted(contacts.account, np.arange(len(accounts) + 1))
        self.decides = np.array(w.SENIORITY)[contacts.role] >= 4
        ramp = onboarding.reached[2] - onboarding.first_use
        self.ramp = np.where(onboarding.reached[2] < NEVER, np.maximum(ramp, 1), RAMP_DAYS * DAY_SECONDS)

    def events(self, months: int) -> Iterator[Events]:
        """Yield the events of each of the last `months` months, at least one table."""
        for month in range(max(0, self.calendar.months - months), self.calendar.months):
            yield self._month(month)

    def _month(self, month: int) -> Events:
        low, high = (int(edge) for edge in self.calendar.boundaries[month : month + 2])
        present = (self.rows["start"] < high) & (self.rows["end"] > low)
        rows = {name: values[present] for name, values in self.rows.items()}
        visits = self._visits(rows, month, low, high)
        visits = self._with_firsts(visits, low, high)
        events = self._with_next_events(visits, high)
        published = (events["name"] == PUBLISHED) & (
            events["moment"] < self.onboarding.activated[events["account"]]
        )
        events["name"] = np.where(published, VIEWED, events["name"])
        order = np.argsort(events["moment"], kind="stable")
        return {name: values[order] for name, values in events.items()}

    def _visits(self, rows: dict[str, IntArray], month: int, low: int, high: int) -> Events:
        """Draw visits of seats within their rows: first when each would come, then whether it happens."""
        row, seat = repeat(rows["quantity"])
        account = rows["account"][row]
        weight = self._weights(account, seat, rows["quantity"][row])
        mood = mood_factor(self.accounts.satisfaction[rows["account"], month // 3], MOOD_ON_VISITS)
        begins, ends = np.maximum(rows["start"], low), np.minimum(rows["end"], high)
        share = (ends - begins) / (high - low) * mood
        edges = np.cumsum((weight * share[row]).astype(np.int64))
        total = int(edges[-1]) if len(edges) else 0
        # Weekends are quiet, so a visit of the week is likelier than the average by a third.
        count = self.rng.poisson(total / _MICRO * 1.35)
        # In order, so that this and later look-ups walk through memory once.
        points = np.sort(self.rng.integers(0, max(1, total), size=count))
        drawn = np.searchsorted(edges, points, side="right")
        row, seat, account = row[drawn], seat[drawn], account[drawn]
        offset = np.array(UTC_OFFSETS)[self.accounts.country[account]] * 3600
        day = (begins[row] + (self.rng.random(count) * (ends - begins)[row]).astype(np.int64)) // DAY_SECONDS
        hours = self.rng.integers(8 * 3600, 13 * 3600, count) + self.rng.integers(0, 5 * 3600, count)
        at = day * DAY_SECONDS + hours - offset
        contact = self._contact(account, seat)
        happens = self.rng.random(count) < self._chance(account, at) * np.where(
            (day + 3) % 7 < 5, 1.0, WEEKEND_VISITS
        )
        happens &= (at >= np.maximum(rows["start"][row], low)) & (at < ends[row])
        happens &= (contact < 0) | (self.contacts.created[contact] <= at)
        name = pick(self.rng, count, FIRST_EVENT_SHARES)
        visits = {"account": account, "seat": seat, "contact": contact, "name": name, "moment": at}
        return {name: values[happens] for name, values in visits.items()}

    def _weights(self, account: IntArray, seat: IntArray, seats: IntArray) -> IntArray:
        """Return millionths of visits per month of each seat, the same in every month."""
        segment = self.accounts.segment[account]
        draw = _mixed(account.astype(np.uint64) * np.uint64(2**24) + seat.astype(np.uint64) + self.salt)
        idle = np.where(seat < 2, 0.0, np.array(IDLE_SHARES)[segment])
        rank = (draw - idle) / (1 - idle)
        weight = np.where(rank < 0, 0.0, np.array(VISITS)[segment] * (0.3 + 2.8 * rank**3))
        contact = self._contact(account, seat)
        rarely = (contact >= 0) & self.decides[contact] & (seats > 3)
        whole: IntArray = (weight * np.where(rarely, DECISION_MAKER_VISITS, 1.0) * _MICRO).astype(np.int64)
        return whole

    def _contact(self, account: IntArray, seat: IntArray) -> IntArray:
        contact = self.first_contact[account] + seat
        return np.where(contact < self.first_contact[account + 1], contact, -1)

    def _chance(self, account: IntArray, at: IntArray) -> NDArray[np.float64]:
        """Return the chance of a visit, relative to a busy week of the same account."""
        behaviour, onboarding = self.behaviour, self.onboarding
        since = at - onboarding.first_use[account]
        chance = np.clip(RAMP_START + (1 - RAMP_START) * since / self.ramp[account], 0, 1)
        stay = behaviour.stays.find(account, at)
        slips, decided = behaviour.slips[stay], behaviour.decided[stay]
        length = np.maximum(decided - slips, 1)
        slipped = 1 - SLIP_DEPTH * np.clip((at - slips) / length, 0, 1)
        slipped = np.where(slips < decided, slipped, np.where(at < decided, 1.0, NOTICE_VISITS))
        chance = chance * np.where(stay >= 0, slipped, 1.0)
        chance = chance * np.where(behaviour.slumps.find(account, at) >= 0, SLUMP_VISITS, 1.0)
        first_day = since < DAY_SECONDS
        return np.where(onboarding.is_one_and_done[account] & ~first_day, 0.0, chance)

    def _with_firsts(self, visits: Events, low: int, high: int) -> Events:
        """Add the first visit and the first published report of every account in the month."""
        parts = [visits]
        delay = self.rng.integers(60, 1800, size=len(self.accounts))
        firsts = ((self.onboarding.first_use + delay, SIGNED_IN), (self.onboarding.activated, PUBLISHED))
        for at, name in firsts:
            account = np.flatnonzero((at >= low) & (at < high))
            seat = np.zeros(len(account), dtype=np.int64)
            contact = self._contact(account, seat)
            part = {"account": account, "seat": seat, "contact": contact, "moment": at[account]}
            parts.append(part | {"name": np.full(len(account), name, dtype=np.int64)})
        return {name: np.concatenate([part[name] for part in parts]) for name in visits}

    def _with_next_events(self, visits: Events, high: int) -> Events:
        """Let some visits go on: further events some minutes later."""
        rate = np.array(NEXT_EVENTS)[self.accounts.segment[visits["account"]]]
        visit, number = repeat(self.rng.poisson(rate))
        minutes = (number + 1) * self.rng.integers(1, 15, size=len(visit))
        more = {name: values[visit] for name, values in visits.items()}
        more["moment"] = more["moment"] + minutes * 60
        more["name"] = pick(self.rng, len(visit), NEXT_EVENT_SHARES)
        kept = more["moment"] < high
        return {name: np.concatenate([visits[name], more[name][kept]]) for name in visits}


def seat_rows(periods: Periods) -> dict[str, IntArray]:
    """Return account, day and number of paid seats after every change; 0 from the end of paid service."""
    paid = (periods["slot"] == MAIN) & np.isin(periods["status"], (c.ACTIVE, c.PAST_DUE))
    paid &= periods["unit_amount"] > 0
    rows = {name: periods[name][paid] for name in ("account", "start", "end", "quantity")}
    order = np.lexsort((rows["start"], rows["account"]))
    account, start, end, quantity = (rows[name][order] for name in ("account", "start", "end", "quantity"))
    goes_on = np.zeros(len(order), dtype=np.bool_)
    goes_on[:-1] = (account[:-1] == account[1:]) & (end[:-1] == start[1:])
    over = ~goes_on & (end >= 0)
    account = np.concatenate([account, account[over]])
    day = np.concatenate([start, end[over]]) // DAY_SECONDS
    seats = np.concatenate([quantity, np.zeros(int(over.sum()), dtype=np.int64)])
    at = np.concatenate([start, end[over]])
    # A start at the second of an end comes after it, and the last number of a day counts.
    order = np.lexsort((seats, at, account))
    account, day, seats = account[order], day[order], seats[order]
    last = np.ones(len(order), dtype=np.bool_)
    last[:-1] = (account[:-1] != account[1:]) | (day[:-1] != day[1:])
    account, day, seats = account[last], day[last], seats[last]
    changes = np.ones(len(account), dtype=np.bool_)
    changes[1:] = (account[1:] != account[:-1]) | (seats[1:] != seats[:-1])
    return {"account": account[changes], "day": day[changes], "seats": seats[changes]}


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return a number from 0 to 1 per number, by the finalizer of SplitMix64."""
    mixed = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    drawn: NDArray[np.float64] = ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) / 2.0**53
    return drawn
