"""The company's plans, prices, currencies and countries, and the codes of all words.

Arrays contain codes. A code is the position of a word in one of these tuples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.clock import IntArray

CURRENCIES = ("USD", "EUR", "GBP")
CURRENCY_FACTORS = (100, 95, 82)
"""List prices in per cent of the USD prices."""

COUNTRIES = (
    ("US", "USD", 38),
    ("GB", "GBP", 15),
    ("DE", "EUR", 12),
    ("FR", "EUR", 8),
    ("CA", "USD", 7),
    ("NL", "EUR", 5),
    ("AU", "USD", 5),
    ("ES", "EUR", 4),
    ("IE", "EUR", 3),
    ("SE", "EUR", 3),
)
"""Country, currency of its price list, share of the accounts in per cent."""

SEGMENTS = ("smb", "mid_market", "enterprise")
SMB, MID_MARKET, ENTERPRISE = range(3)
SEGMENT_SHARES = (0.68, 0.25, 0.07)

INDUSTRIES = (
    "Software",
    "Retail",
    "Healthcare",
    "Financial services",
    "Manufacturing",
    "Education",
    "Logistics",
    "Media",
)
INDUSTRY_SHARES = (0.24, 0.15, 0.12, 0.13, 0.12, 0.08, 0.08, 0.08)

CHANNELS = ("organic_search", "paid_search", "referral", "partner", "outbound", "events")
CHANNEL_SHARES = (0.30, 0.24, 0.14, 0.12, 0.13, 0.07)
CHANNEL_CHURN = (0.9, 1.45, 0.65, 0.8, 1.1, 1.0)
"""Cancellation rate of a channel's customers, relative to the average."""


@dataclass(frozen=True)
class Plan:
    plan_id: str
    name: str
    product: str
    tier: str
    rank: int
    price: int
    """List price in US cents per seat (or per piece) and month in the company's first year."""


PLANS = (
    Plan("free", "Free", "Workspace", "Free", 0, 0),
    Plan("starter", "Starter", "Workspace", "Starter", 1, 1_200),
    Plan("team", "Team", "Workspace", "Team", 2, 2_500),
    Plan("business", "Business", "Workspace", "Business", 3, 4_500),
    Plan("enterprise", "Enterprise", "Workspace", "Enterprise", 4, 7_500),
    Plan("insights", "Insights add-on", "Insights", "Add-on", 1, 400),
    Plan("academy", "Academy", "Academy", "Standard", 1, 9_900),
    Plan("api_calls", "API calls", "Workspace", "Metered", 1, 2),
    Plan("onboarding", "Guided onboarding", "Services", "One-off", 1, 150_000),
)
FREE, STARTER, TEAM, BUSINESS, ENTERPRISE_PLAN, INSIGHTS, ACADEMY, API_CALLS, ONBOARDING = range(len(PLANS))

YEARLY_INCREASE = 5
"""Rise of the list prices from one year to the next, in per cent."""

INTERVALS = (("month", 1), ("month", 3), ("year", 1), ("week", 1))
MONTHLY, QUARTERLY, ANNUAL, WEEKLY = range(len(INTERVALS))
INTERVAL_MONTHS = ((1, 1), (3, 1), (12, 1), (12, 52))
"""Length of an interval in months, as a fraction."""
INTERVAL_PRICES = ((1, 1), (3, 1), (10, 1), (3, 13))
"""Price of an interval in monthly prices, as a fraction; a year costs ten months."""

STATUSES = ("trialing", "active", "past_due", "unpaid", "paused", "incomplete")
TRIALING, ACTIVE, PAST_DUE, UNPAID, PAUSED, INCOMPLETE = range(len(STATUSES))

PRICE_KINDS = ("recurring", "usage", "one_off")
RECURRING, USAGE, ONE_OFF = range(3)

DISCOUNT_KINDS = ("", "forever", "repeating", "once")
NO_DISCOUNT, FOREVER, REPEATING, ONCE = range(4)

CHURN_KINDS = ("", "voluntary", "involuntary", "dispute", "planned_end", "pause", "unknown")
STAYS, VOLUNTARY, INVOLUNTARY, DISPUTE, PLANNED_END, PAUSE, UNKNOWN = range(len(CHURN_KINDS))

REASONS = (
    "",
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "low_quality",
    "other",
)
REASON_SHARES = (0.18, 0.22, 0.14, 0.12, 0.14, 0.05, 0.06, 0.04, 0.05)


def price_list(years: int) -> IntArray:
    """List prices in minor units per month; shape (plans, currencies, years)."""
    prices = np.zeros((len(PLANS), len(CURRENCIES), years), dtype=np.int64)
    for plan_code, plan in enumerate(PLANS):
        step = 50 if plan.price >= 1_000 else 1
        for currency_code, factor in enumerate(CURRENCY_FACTORS):
            for year in range(years):
                # Whole numbers give the same list on every machine.
                exact = plan.price * factor * (100 + YEARLY_INCREASE) ** year
                unit = step * 100 ** (year + 1)
                prices[plan_code, currency_code, year] = (2 * exact + unit) // (2 * unit) * step
    return prices
