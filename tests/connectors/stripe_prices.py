"""Prices and discounts of Stripe, in the smallest unit of their currency."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from tests.connectors.company import (
    Discount,
    Terms,
    epoch,
)
from tests.connectors.shapes import Record

Generation = Literal["A", "B", "C"]
"""Versions of the API: before 2025-03-31, from then on, and from 2025-09-30 on."""


_EXPONENTS = {"JPY": 0, "KWD": 3}


def minor(amount: Decimal, currency: str) -> Decimal:
    """An amount in the smallest unit of its currency."""
    return amount.scaleb(_EXPONENTS.get(currency, 2))


def price(terms: Terms, currency: str) -> Record:
    amount = minor(terms.amount, currency)
    is_whole = amount == amount.to_integral_value()
    return {
        "id": f"price_{terms.plan}_{currency}_{terms.amount}_{terms.interval}".replace(".", "_"),
        "object": "price",
        "product": f"prod_{terms.plan}",
        "currency": currency.lower(),
        "type": "recurring",
        "billing_scheme": "per_unit",
        "unit_amount": int(amount) if is_whole else None,
        "unit_amount_decimal": f"{amount.normalize():f}",
        "recurring": {
            "interval": terms.interval,
            "interval_count": terms.count,
            "usage_type": "licensed",
        },
        "livemode": True,
    }


def discount(given: Discount, name: str, currency: str, start: datetime, end: datetime | None) -> Record:
    """Return a discount with its coupon, as the API expands it."""
    coupon: Record = {
        "id": f"co_{name}",
        "object": "coupon",
        "duration": given.kind,
        "percent_off": float(given.percent) if given.percent is not None else None,
        "amount_off": int(minor(given.amount, currency)) if given.amount is not None else None,
        "currency": currency.lower() if given.amount is not None else None,
    }
    if given.kind == "repeating" and end:
        coupon["duration_in_months"] = (end.year - start.year) * 12 + end.month - start.month
    return {
        "id": name,
        "object": "discount",
        "coupon": coupon,
        "start": epoch(start),
        "end": epoch(end) if given.kind == "repeating" else None,
    }
