"""The first weeks of an account: when its users get value from the product, and the milestones they reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator import catalog as c
from simulator.behaviour import Behaviour
from simulator.clock import DAY_SECONDS, NEVER, Calendar, IntArray
from simulator.company import Accounts
from simulator.periods import MAIN, Periods

MILESTONES = ("kickoff", "first_value", "onboarded")
TARGET_DAYS = ((3, 7, 10), (10, 21, 30), (30, 60, 90))
"""Days from the first purchase to the target of each milestone, by segment."""
MISSED_SHARES = (0.04, 0.10, 0.08)
"""Share of the accounts that never reach a milestone although they reached the one before."""
USAGE_STATUSES = (c.TRIALING, c.ACTIVE, c.PAST_DUE)
ONE_AND_DONE = 0.45
"""Share of the accounts that never pay and whose users never return after the first day."""


@dataclass(frozen=True)
class Onboarding:
    """One entry per account. Times are in seconds, and NEVER means not within the simulation."""

    first_use: IntArray
    """Start of the first trial, free plan or purchase."""
    activated: IntArray
    """The first value, with or without a purchase."""
    first_paid: IntArray
    targets: IntArray
    """Day of each milestone; shape (milestones, accounts)."""
    reached: IntArray
    """Second of each milestone; shape (milestones, accounts)."""
    is_one_and_done: NDArray[np.bool_]


def make_onboarding(
    accounts: Accounts, periods: Periods, behaviour: Behaviour, calendar: Calendar, rng: np.random.Generator
) -> Onboarding:
    """Draw the onboarding of all accounts. Unhappy accounts are slower and give up more often."""
    size, end = len(accounts), int(calendar.boundaries[-1])
    used = (periods["slot"] == MAIN) & np.isin(periods["status"], USAGE_STATUSES)
    first_use, first_paid, paid_until = (np.full(size, NEVER, dtype=np.int64) for _ in range(3))
    np.minimum.at(first_use, periods["account"][used], periods["start"][used])
    stays = behaviour.stays
    # Earlier stays are assigned last, so that the first stay of an account remains.
    first_paid[stays.account[::-1]] = stays.start[::-1]
    paid_until[stays.account[::-1]] = stays.end[::-1]

    quarter = calendar.quarter_of(np.minimum(first_use, end - 1) // DAY_SECONDS)
    mood = accounts.satisfaction[np.arange(size), quarter]
    days = np.array(TARGET_DAYS)[:, accounts.segment]
    pace = np.exp(0.55 * rng.standard_normal((len(MILESTONES), size)) - 0.25 * mood).round(4)
    missed = rng.random(pace.shape) < np.array(MISSED_SHARES)[:, None] * np.exp(-0.6 * mood).round(4)
    steps = np.maximum(days * pace * 0.85, 0.2)
    from_trial = np.minimum(first_use, NEVER - 1) + (steps[1] * DAY_SECONDS).astype(np.int64)
    never_pays = first_paid == NEVER
    missed[1] |= never_pays & (rng.random(size) < 0.4)
    is_one_and_done = never_pays & (rng.random(size) < ONE_AND_DONE)
    missed[1] |= is_one_and_done
    activated = np.where(missed[1] | (from_trial >= end), NEVER, from_trial)
    kickoff = np.where(missed[0], NEVER, first_paid + (steps[0] * DAY_SECONDS).astype(np.int64))
    onboarded = np.maximum(activated + DAY_SECONDS, first_paid + (steps[2] * DAY_SECONDS).astype(np.int64))
    reached = np.stack([kickoff, activated, np.where(missed[2] | missed[1], NEVER, onboarded)])
    reached = np.where((reached < np.minimum(end, paid_until)) & ~never_pays, reached, NEVER)
    return Onboarding(
        first_use=first_use,
        activated=np.where(never_pays, activated, reached[1]),
        first_paid=first_paid,
        targets=first_paid // DAY_SECONDS + days,
        reached=reached,
        is_one_and_done=is_one_and_done,
    )


def milestone_rows(onboarding: Onboarding) -> dict[str, IntArray]:
    """Return account, milestone (code), target (day) and reached (second, -1 never) of every customer."""
    customer = np.flatnonzero(onboarding.first_paid < NEVER)
    account, milestone = np.repeat(customer, len(MILESTONES)), np.tile(range(len(MILESTONES)), len(customer))
    reached = onboarding.reached[milestone, account]
    return {
        "account": account,
        "milestone": milestone.astype(np.int64),
        "target": onboarding.targets[milestone, account],
        "reached": np.where(reached < NEVER, reached, -1),
    }
