"""Contract terms of larger customers with yearly billing: renewed early, on time or late, or lost.

Every term is one contract. A few first terms are two contracts with one due date: the subscription and
an extra of a fifth of the price, renewed as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator import catalog as c
from simulator.clock import DAY_SECONDS, Calendar, IntArray, add_months
from simulator.company import Accounts
from simulator.periods import MAIN, Periods
from simulator.runs import Runs, repeat

GRACE_DAYS = 30
"""A renewal signed later counts as a loss and a new contract."""
YEAR_DAYS = 365
SLACK_DAYS = 3
"""If service ends within this time after a term, the term was not renewed."""

# Signature of a renewal: share, first and last day relative to the due date.
SIGNINGS = ((0.78, 0, 0), (0.08, -60, -10), (0.10, 3, 25), (0.04, 40, 80))
TERM_YEARS = ((0.85, 1), (0.10, 2), (0.05, 3))
AUTO_RENEWING = 0.35
LINKED = 0.9
"""Share of the renewals on time with a link to the next contract. Early renewals always have one."""
STATED = 0.45
SPLIT = 0.06
EXTRA_SHARE = 5


@dataclass(frozen=True)
class Contracts:
    """One entry per term in every array, ordered by account and start.

    Money is in minor units, and -1 means no value.
    """

    account: IntArray
    currency: IntArray
    starts: IntArray
    """First day."""
    ends: IntArray
    """Due date: the first day after the term."""
    amount: IntArray
    """Value of the whole term."""
    extra: IntArray
    """Part of the amount that is a separate contract with the same dates; 0 for most terms."""
    months: IntArray
    auto_renew: IntArray
    follower: IntArray
    """Position of the term that really renews it."""
    link: IntArray
    """Position of the term that the export links as the next one. It may have started too late."""
    extra_link: IntArray
    stated: IntArray
    """Renewal amount in the export."""


def make_contracts(
    accounts: Accounts, periods: Periods, runs: Runs, calendar: Calendar, rng: np.random.Generator
) -> Contracts:
    """Cut the yearly service of mid-market and enterprise customers into signed terms."""
    first = runs.first
    annual = (periods["slot"][first] == MAIN) & (periods["interval"][first] == c.ANNUAL)
    chosen = np.flatnonzero(annual & (accounts.segment[periods["account"][first]] != c.SMB))
    start_day = runs.start[chosen] // DAY_SECONDS
    days = runs.end[chosen] // DAY_SECONDS - start_day
    first_years, later_years = _years(days, runs.is_open[chosen], rng)
    is_auto = rng.random(len(chosen)) < AUTO_RENEWING

    which, k = repeat(days // YEAR_DAYS + 1)
    years = np.where(k == 0, first_years[which], later_years[which])
    before = np.where(k == 0, 0, first_years[which] + (k - 1) * later_years[which])
    shift = _shifts(which, k, is_auto[which], rng)
    starts = add_months(start_day[which], 12 * before) + shift
    ends = add_months(start_day[which], 12 * (before + years)) + shift
    kept = (k == 0) | (before * YEAR_DAYS + SLACK_DAYS < days[which])
    kept &= starts < calendar.end_day
    which, k, years, before = which[kept], k[kept], years[kept], before[kept]
    starts, ends = starts[kept], ends[kept]

    run = chosen[which]
    row = runs.row_at(run, runs.start[run] + before * YEAR_DAYS * DAY_SECONDS)
    yearly = periods["quantity"][row] * periods["unit_amount"][row] - periods["discount_amount"][row]
    # A longer term costs less by the year.
    amount = yearly * years * (100 - 5 * (years - 1)) // 100
    account = periods["account"][row]
    order = np.lexsort((starts, account))
    columns = {"account": account, "currency": periods["currency"][row], "starts": starts, "ends": ends}
    columns |= {
        "amount": amount,
        "months": 12 * years,
        "run": run,
        "auto": is_auto[which].astype(np.int64),
        "k": k,
    }
    return _followed({name: values[order] for name, values in columns.items()}, calendar, rng)


def _followed(terms: dict[str, IntArray], calendar: Calendar, rng: np.random.Generator) -> Contracts:
    """Decide the true renewals, and the links and amounts in the export."""
    size = len(terms["account"])
    position = np.arange(size)
    after = np.minimum(position + 1, max(size - 1, 0))
    is_same = (after > position) & (terms["account"][after] == terms["account"])
    same_run = is_same & (terms["run"][after] == terms["run"])
    gap = terms["starts"][after] - terms["ends"]
    # A customer who churned and signs again within the grace period renews late.
    renewed = (same_run & (gap <= GRACE_DAYS)) | (is_same & ~same_run & (gap >= 0) & (gap <= GRACE_DAYS))
    follower = np.where(renewed, after, -1)
    is_linked = np.where(gap < 0, 1.0, LINKED) > rng.random(size)
    too_late = same_run & (gap > GRACE_DAYS) & (rng.random(size) < 0.5)
    link = np.where((renewed & is_linked) | too_late, after, -1)
    stated = renewed & is_linked & (rng.random(size) < STATED)
    is_first = np.ones(size, dtype=np.bool_)
    is_first[1:] = terms["account"][1:] != terms["account"][:-1]
    auto_renew = (terms["auto"] == 1) & (same_run | (terms["ends"] > calendar.end_day))
    split = is_first & ~auto_renew & (rng.random(size) < SPLIT)
    extra = np.where(split, terms["amount"] // EXTRA_SHARE, 0)
    return Contracts(
        account=terms["account"],
        currency=terms["currency"],
        starts=terms["starts"],
        ends=terms["ends"],
        amount=terms["amount"],
        extra=extra,
        months=terms["months"],
        auto_renew=auto_renew.astype(np.int64),
        follower=follower,
        link=link,
        extra_link=np.where(rng.random(size) < 0.5, link, -1),
        stated=np.where(stated, terms["amount"][after], -1),
    )


def _years(days: IntArray, is_open: NDArray[np.bool_], rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return the years of the first and of every later term. No customer signs for longer than they stay."""
    edges = np.cumsum([share for share, _ in TERM_YEARS])
    years = np.array([years for _, years in TERM_YEARS])
    first, later = (
        years[np.minimum(np.searchsorted(edges, rng.random(len(days)), "right"), len(years) - 1)]
        for _ in range(2)
    )
    return np.where(is_open | (days >= first * YEAR_DAYS), first, 1), np.where(is_open, later, 1)


def _shifts(which: IntArray, k: IntArray, is_auto: NDArray[np.bool_], rng: np.random.Generator) -> IntArray:
    """Return the delay of a term against the anniversary: the sum of all delays up to its renewal."""
    edges = np.cumsum([share for share, _, _ in SIGNINGS])
    draw = np.minimum(np.searchsorted(edges, rng.random(len(k)), "right"), len(SIGNINGS) - 1)
    low = np.array([low for _, low, _ in SIGNINGS])[draw]
    high = np.array([high for _, _, high in SIGNINGS])[draw]
    late = np.where((k == 0) | is_auto, 0, rng.integers(low, high + 1))
    total = np.cumsum(late)
    begins = np.flatnonzero(k == 0)
    before = total[begins] - late[begins]
    delays: IntArray = total - np.repeat(before, np.diff(np.append(begins, len(k))))
    return delays
