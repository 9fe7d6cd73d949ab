"""How customers behave before they leave, and in bad weeks: some complain, some say nothing, usage slips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator import catalog as c
from simulator.clock import DAY_SECONDS, NEVER, Calendar, IntArray
from simulator.company import Accounts
from simulator.hazards import mood_factor
from simulator.periods import Periods
from simulator.surveys import SUPPORT, Surveys

_KEY = 2**41
"""More seconds than any calendar contains, and than NEVER."""

DECIDED = (c.VOLUNTARY, c.PLANNED_END, c.PAUSE, c.UNKNOWN)
"""Kinds of an end that the customer decides."""
SLIPPING_SHARE = 0.75
"""Share of the decided ends before which usage slips."""
SLIP_DAYS = (28, 84)
SILENT_SHARE = 0.45
SILENT_DAYS = 90
"""A customer who leaves without a word opens no ticket in this time before the end."""
COMPLAINT_DAYS = (35, 63)
BAD_WEEKS_RATE = 0.12
"""Spells of complaints, and of low usage, per year of an account at a neutral mood."""
GRACE_SECONDS = 30 * DAY_SECONDS


@dataclass(frozen=True)
class Spans:
    """Intervals [start, end) in seconds, ordered by account and start; those of an account are apart."""

    account: IntArray
    start: IntArray
    end: IntArray

    def find(self, account: IntArray, second: IntArray) -> IntArray:
        """Return the position of the interval that contains the second, or -1."""
        if not len(self.account):
            return np.full(len(account), -1, dtype=np.int64)
        keys = self.account * _KEY + self.start
        position = np.searchsorted(keys, account * _KEY + second, side="right") - 1
        held = np.maximum(position, 0)
        inside = (position >= 0) & (self.account[held] == account) & (second < self.end[held])
        return np.where(inside, held, -1)


@dataclass(frozen=True)
class Behaviour:
    """The uninterrupted paid service of accounts, and what they do in it; one entry per stay."""

    stays: Spans
    """A stay that is not over at the end of the simulation ends NEVER."""
    kind: IntArray
    """Kind of the end, a code of CHURN_KINDS."""
    decided: IntArray
    """Second of the notice, or of the end without one."""
    slips: IntArray
    """Second from which usage falls until the decision; the decision's second if it does not."""
    is_silent: NDArray[np.bool_]
    """The customer leaves and opens no ticket in the last 90 days."""
    complaints: Spans
    """Spells with more tickets: before half of the other decided ends, and in between."""
    slumps: Spans
    """Spells with little usage from which the account recovers."""


def make_behaviour(
    accounts: Accounts, periods: Periods, surveys: Surveys, calendar: Calendar, rng: np.random.Generator
) -> Behaviour:
    """Draw the behaviour around every end of paid service in `periods`."""
    stays, kind, requested = _stays(periods, int(calendar.boundaries[-1]))
    size = len(kind)
    is_decided = np.isin(kind, DECIDED)
    noticed = is_decided & (requested > stays.start) & (requested < stays.end)
    decided = np.where(noticed, requested, stays.end)
    slips = is_decided & (rng.random(size) < SLIPPING_SHARE)
    length = rng.integers(*SLIP_DAYS, size=size) * DAY_SECONDS
    is_silent = is_decided & (rng.random(size) < SILENT_SHARE)
    # Who answers about a ticket has opened one.
    asked = surveys["touchpoint"] == SUPPORT
    about = stays.find(surveys["account"][asked], surveys["sent"][asked])
    late = surveys["sent"][asked] >= stays.end[about] - (SILENT_DAYS + 30) * DAY_SECONDS
    is_silent[about[(about >= 0) & late]] = False
    complains = is_decided & ~is_silent & (rng.random(size) < 0.5)
    before = decided - rng.integers(*COMPLAINT_DAYS, size=size) * DAY_SECONDS
    return Behaviour(
        stays=stays,
        kind=kind,
        decided=decided,
        slips=np.where(slips, np.maximum(stays.start, decided - length), decided),
        is_silent=is_silent,
        complaints=_spells(
            accounts, calendar, rng, (stays.account[complains], before[complains], decided[complains])
        ),
        slumps=_spells(accounts, calendar, rng),
    )


def _stays(periods: Periods, end_second: int) -> tuple[Spans, IntArray, IntArray]:
    """Join paid service without gaps; return the stays with the kind and the notice of their ends."""
    price = periods["quantity"] * periods["unit_amount"] - periods["discount_amount"]
    paid = np.isin(periods["status"], (c.ACTIVE, c.PAST_DUE)) & (periods["price_kind"] == c.RECURRING)
    rows = {name: values[paid & (price > 0)] for name, values in periods.items()}
    end = np.where((rows["end"] < 0) | (rows["end"] >= end_second), NEVER, rows["end"])
    grace = np.where(rows["status"] == c.PAST_DUE, rows["start"] + GRACE_SECONDS, NEVER)
    in_grace = (grace < end) & (grace < end_second)
    kind = np.where(in_grace, c.INVOLUNTARY, rows["ending"])
    end = np.where(in_grace, grace, end)

    order = np.lexsort((rows["start"], rows["account"]))
    account, start = rows["account"][order], rows["start"][order]
    reach = np.maximum.accumulate(account * _KEY + end[order])
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = account[1:] * _KEY + start[1:] > reach[:-1]
    last = np.append(np.flatnonzero(begins)[1:] - 1, len(order) - 1)[: int(begins.sum())]
    stays = Spans(account[begins], start[begins], reach[last] - account[last] * _KEY)
    by_end = np.lexsort((kind, end, rows["account"]))
    keys = rows["account"][by_end] * _KEY + end[by_end]
    ending = by_end[np.searchsorted(keys, stays.account * _KEY + stays.end, side="right") - 1]
    return stays, np.where(stays.end < NEVER, kind[ending], c.STAYS), rows["requested"][ending]


def _spells(
    accounts: Accounts,
    calendar: Calendar,
    rng: np.random.Generator,
    more: tuple[IntArray, IntArray, IntArray] | None = None,
) -> Spans:
    """Draw at most one spell per account and quarter, more often in a bad mood, and join `more` of them."""
    mood = accounts.satisfaction
    chance = BAD_WEEKS_RATE / 4 * mood_factor(mood, -0.5)
    account, quarter = np.nonzero(rng.random(mood.shape) < chance)
    start = calendar.boundaries[quarter * 3] + rng.integers(0, 90 * DAY_SECONDS, size=len(account))
    end = start + rng.integers(*COMPLAINT_DAYS, size=len(account)) * DAY_SECONDS
    if more:
        account, start, end = (np.concatenate(pair) for pair in zip((account, start, end), more, strict=True))
    order = np.lexsort((start, account))
    account, start, end = account[order], start[order], end[order]
    # A spell that reaches into the next one ends there.
    follows = np.append(account[1:] == account[:-1], [False] * min(1, len(account)))
    end = np.where(follows, np.minimum(end, np.append(start[1:], end[-1:])), end)
    return Spans(account, start, end)
