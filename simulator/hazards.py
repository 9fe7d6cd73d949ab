"""Rates of random events by segment, channel, mood and tenure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator import catalog as c
from simulator.clock import DAY_SECONDS, IntArray
from simulator.company import Accounts
from simulator.periods import ADD_ON as ADD_ON_SLOT
from simulator.periods import MAIN, Items
from simulator.periods import SECOND as SECOND_SLOT

WAITING, FREE, ON_TRIAL, INCOMPLETE, CUSTOMER, OVERDUE, UNPAID, PAUSED, GONE, LOST = range(10)
"""States of an account's life."""

EVENTS = 12
(
    CANCEL,
    FAIL,
    PAUSE,
    SEATS_UP,
    SEATS_DOWN,
    PLAN_UP,
    PLAN_DOWN,
    ADD_ON,
    SECOND,
    SWAP,
    DISPUTE,
    CONVERT,
) = range(EVENTS)

# Rates per month for smb, mid-market, enterprise at a neutral mood.
BASE_RATES = (
    (CANCEL, (0.0190, 0.0140, 0.0105)),
    (FAIL, (0.026, 0.015, 0.006)),
    (PAUSE, (0.0030, 0.0015, 0.0)),
    (SEATS_UP, (0.060, 0.085, 0.095)),
    (SEATS_DOWN, (0.028, 0.036, 0.036)),
    (PLAN_UP, (0.009, 0.008, 0.005)),
    (PLAN_DOWN, (0.007, 0.005, 0.002)),
    (ADD_ON, (0.006, 0.010, 0.014)),
    (SECOND, (0.003, 0.006, 0.010)),
    (SWAP, (0.0025, 0.0025, 0.0015)),
    (DISPUTE, (0.0007, 0.0002, 0.0)),
)
CONVERT_RATE = 0.045
MOOD_ON_LEAVING = -0.85
MOOD_ON_GROWING = 0.35


def mood_factor(mood: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    # Round, so that differences in the last bit between processors change no draw.
    factor: NDArray[np.float64] = np.exp(strength * mood).round(6)
    return factor


def cancel_rates(
    accounts: Accounts, who: IntArray, mood: NDArray[np.float64], tenure_days: IntArray
) -> NDArray[np.float64]:
    """Return cancellation rates per month: unhappy, new and badly acquired customers churn more often."""
    base = np.array(BASE_RATES[CANCEL][1])[accounts.segment[who]]
    channel = np.array(c.CHANNEL_CHURN)[accounts.channel[who]]
    tenure = np.where(tenure_days < 90, 1.4, np.where(tenure_days < 365, 1.0, 0.8))
    rate: NDArray[np.float64] = base * channel * tenure * mood_factor(mood, MOOD_ON_LEAVING)
    return rate


def monthly_rates(
    accounts: Accounts, items: Items, state: IntArray, who: IntArray, day: IntArray, quarter: IntArray
) -> NDArray[np.float64]:
    """Return the monthly rates of every random event; shape (events, accounts in `who`)."""
    rates = np.zeros((EVENTS, len(who)))
    is_customer = state[who] == CUSTOMER
    mood = accounts.satisfaction[who, quarter]
    segment = accounts.segment[who]
    for event, by_segment in BASE_RATES:
        rates[event] = np.array(by_segment)[segment]
    tenure = day - items.start[MAIN, who] // DAY_SECONDS
    rates[CANCEL] = cancel_rates(accounts, who, mood, tenure)
    worse, better = mood_factor(mood, MOOD_ON_LEAVING), mood_factor(mood, MOOD_ON_GROWING)
    for event in (SEATS_DOWN, PLAN_DOWN):
        rates[event] *= worse
    for event in (SEATS_UP, PLAN_UP, ADD_ON, SECOND):
        rates[event] *= better
    # Customers drop an add-on less often than they buy one, except unhappy customers.
    rates[ADD_ON] = np.where(items.is_open[ADD_ON_SLOT, who], 0.02 * worse, rates[ADD_ON])
    rates[SECOND] = np.where(items.is_open[SECOND_SLOT, who], 0.025 * worse, rates[SECOND])
    # A paid year is neither cancelled nor reduced before its end. The renewal decides.
    is_annual = items.interval[MAIN, who] == c.ANNUAL
    rates[np.ix_([CANCEL, PAUSE, SEATS_DOWN, PLAN_DOWN, SWAP], is_annual)] = 0.0
    rates[FAIL, is_annual] *= 0.2
    rates[:, ~is_customer] = 0.0
    rates[CONVERT] = np.where(state[who] == FREE, CONVERT_RATE * better, 0.0)
    return rates


def choose(rates: NDArray[np.float64], rng: np.random.Generator) -> IntArray:
    """Draw one event per column, in proportion to its rate."""
    edges = np.cumsum(rates, axis=0)
    point = rng.random(rates.shape[1]) * edges[-1]
    events: IntArray = np.minimum((edges <= point).sum(axis=0), EVENTS - 1)
    return events
