"""The accounts, their contacts, and the mood of each account by quarter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator import catalog as c
from simulator.clock import DAY_SECONDS, Calendar, IntArray

# Sign-ups in the calendar months January to December, relative to the average.
SEASON = (1.25, 1.08, 1.05, 1.0, 0.98, 0.92, 0.84, 0.66, 1.3, 1.15, 1.02, 0.75)
MONTHLY_GROWTH = 0.022

PROSPECT, FREEMIUM, TRIAL, DIRECT = range(4)
"""How an account starts: it never buys, uses the free plan, starts a trial, or buys immediately."""


@dataclass(frozen=True)
class Accounts:
    """One entry per account in every array; account numbers are positions."""

    created: IntArray
    """Second of the sign-up."""
    segment: IntArray
    industry: IntArray
    country: IntArray
    currency: IntArray
    channel: IntArray
    beginning: IntArray
    """PROSPECT, FREEMIUM, TRIAL or DIRECT."""
    is_internal: NDArray[np.bool_]
    parent: IntArray
    """Account number of the parent account, or -1."""
    name: IntArray
    """Random number that selects words and names."""
    changed: IntArray
    """Second of the last edit in the CRM."""
    satisfaction: NDArray[np.float64]
    """Hidden mood per quarter, approximately standard normal; shape (accounts, quarters)."""

    def __len__(self) -> int:
        return len(self.created)


@dataclass(frozen=True)
class Contacts:
    """One entry per person in every array, ordered by account."""

    account: IntArray
    position: IntArray
    """0 for the first contact of an account."""
    created: IntArray
    name: IntArray
    role: IntArray
    leaning: NDArray[np.float64]
    """Difference between the person's scores and the account's mood."""

    def __len__(self) -> int:
        return len(self.account)


def make_accounts(count: int, calendar: Calendar, rng: np.random.Generator) -> Accounts:
    """Draw `count` accounts, ordered by sign-up."""
    created = np.sort(_sign_ups(count, calendar, rng))
    segment = pick(rng, count, c.SEGMENT_SHARES)
    country = pick(rng, count, [share for _, _, share in c.COUNTRIES])
    currency_of_country = np.array([c.CURRENCIES.index(currency) for _, currency, _ in c.COUNTRIES])
    channel = pick(rng, count, c.CHANNEL_SHARES)
    beginning = np.select(
        [segment == c.SMB, segment == c.MID_MARKET],
        [pick(rng, count, (0.10, 0.12, 0.58, 0.20)), pick(rng, count, (0.12, 0.0, 0.43, 0.45))],
        pick(rng, count, (0.15, 0.0, 0.15, 0.70)),
    )
    is_internal = np.zeros(count, dtype=np.bool_)
    if count >= 50:
        is_internal[rng.choice(count, size=max(2, count // 250), replace=False)] = True
    beginning[is_internal] = DIRECT
    parent = np.where(rng.random(count) < 0.02, (rng.random(count) * np.arange(count)).astype(np.int64), -1)
    parent[:1] = -1
    end = calendar.end_day * DAY_SECONDS
    return Accounts(
        created=created,
        segment=segment,
        industry=pick(rng, count, c.INDUSTRY_SHARES),
        country=country,
        currency=currency_of_country[country],
        channel=channel,
        beginning=beginning,
        is_internal=is_internal,
        parent=parent,
        name=rng.integers(0, 2**31, size=count),
        changed=created + (rng.random(count) * (end - created)).astype(np.int64),
        satisfaction=_satisfaction(count, calendar.quarters, rng),
    )


def make_contacts(accounts: Accounts, calendar: Calendar, rng: np.random.Generator) -> Contacts:
    """Draw one to five contacts per account, more at larger accounts."""
    size = len(accounts)
    count = 1 + rng.binomial(4, np.array((0.10, 0.25, 0.55))[accounts.segment], size=size)
    account = np.repeat(np.arange(size), count)
    position = np.arange(len(account)) - np.repeat(np.cumsum(count) - count, count)
    end = calendar.end_day * DAY_SECONDS
    created = accounts.created[account]
    # Further contacts appear in the account's first half-year.
    met_later = (rng.random(len(account)) * np.minimum(180 * DAY_SECONDS, end - created)).astype(np.int64)
    return Contacts(
        account=account,
        position=position,
        created=created + np.where(position > 0, met_later, 0),
        name=rng.integers(0, 2**31, size=len(account)),
        role=np.where(position == 0, rng.integers(0, 3, len(account)), rng.integers(0, 7, len(account))),
        leaning=np.round(rng.normal(0.0, 0.5, size=len(account)), 4),
    )


def _sign_ups(count: int, calendar: Calendar, rng: np.random.Generator) -> IntArray:
    months = np.arange(calendar.months)
    first = calendar.month_starts[:-1].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    weights = (1 + MONTHLY_GROWTH) ** months * np.array(SEASON)[first % 12]
    month = pick(rng, count, weights)
    length = np.diff(calendar.month_starts)[month]
    day = calendar.month_starts[month] + (rng.random(count) * length).astype(np.int64)
    return day * DAY_SECONDS + rng.integers(6 * 3600, 21 * 3600, size=count)


def _satisfaction(count: int, quarters: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A constant level per account, plus a drift that keeps 70 % of the previous quarter's drift."""
    level = rng.normal(0.0, 0.7, size=count)
    drift = rng.normal(0.0, 0.7, size=count)
    mood = np.empty((count, quarters))
    for quarter in range(quarters):
        mood[:, quarter] = level + drift
        drift = 0.7 * drift + rng.normal(0.0, 0.5, size=count)
    # Round, so that the last bit of a processor's arithmetic never decides a later draw.
    return np.round(mood, 4)


def pick(rng: np.random.Generator, count: int, shares: object) -> IntArray:
    """Draw a code per entry, in proportion to `shares`."""
    weights = np.asarray(shares, dtype=np.float64)
    edges = np.cumsum(weights) / weights.sum()
    edges[-1] = 1.0
    return np.searchsorted(edges, rng.random(count), side="right")
