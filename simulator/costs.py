"""Acquisition costs: one amount per month and channel, in the currency of the suppliers."""

from __future__ import annotations

import numpy as np

from simulator import catalog as c
from simulator.clock import DAY_SECONDS, Calendar, IntArray
from simulator.company import Accounts

CHANNEL_CURRENCIES = ("EUR", "USD", "USD", "GBP", "USD", "EUR")
PER_SIGN_UP = (60, 240, 90, 180, 620, 480)
"""Usual cost of an account by channel, in major units."""
FIXED = (300, 150, 0, 100, 900, 400)
"""Cost of a channel in a month without sign-ups."""

Costs = dict[str, IntArray]
"""One array per field: month (index), channel, currency, amount (minor units)."""


def make_costs(accounts: Accounts, calendar: Calendar, rng: np.random.Generator) -> Costs:
    """Draw costs in proportion to the month's sign-ups, plus or minus a fifth."""
    channels = len(c.CHANNELS)
    month = calendar.month_of(accounts.created // DAY_SECONDS)
    sign_ups = np.zeros((calendar.months, channels), dtype=np.int64)
    np.add.at(sign_ups, (month, accounts.channel), 1)
    percent = rng.integers(80, 121, size=(calendar.months, channels))
    cents = rng.integers(0, 100, size=(calendar.months, channels))
    amount = (sign_ups * np.array(PER_SIGN_UP) + np.array(FIXED)) * percent + cents
    currency = np.array([c.CURRENCIES.index(name) for name in CHANNEL_CURRENCIES])
    return {
        "month": np.repeat(np.arange(calendar.months), channels),
        "channel": np.tile(np.arange(channels), calendar.months),
        "currency": np.tile(currency, calendar.months),
        "amount": amount.ravel(),
    }
