"""Ids and amounts of what the company sells in Chargebee."""

from __future__ import annotations

from decimal import Decimal

from tests.connectors.company import (
    Subscription,
    Terms,
)
from tests.connectors.shapes import Record

_EXPONENTS = {"JPY": 0, "KWD": 3}


def minor(amount: Decimal, currency: str) -> int:
    return round(amount.scaleb(_EXPONENTS.get(currency, 2)))


def item_price(terms: Terms, currency: str) -> str:
    return f"{terms.plan}-{currency}-{terms.interval.title()}ly"


def item_id(subscription: Subscription, terms: Terms) -> str:
    return item_price(terms, subscription.currency)


def plan_id(terms: Terms) -> str:
    return terms.plan


def item_type(plan: str) -> str:
    return "plan" if plan == "core" else "addon"


def is_small(terms: Terms) -> bool:
    return terms.amount.as_tuple().exponent < -3  # type: ignore[operator]


def money(name: str, amount: Decimal, currency: str, terms: Terms) -> Record:
    """An amount, and its decimal text in major units if a price is below the smallest unit."""
    found: Record = {name: minor(amount, currency)}
    return found | ({f"{name}_in_decimal": f"{amount:f}"} if is_small(terms) else {})
