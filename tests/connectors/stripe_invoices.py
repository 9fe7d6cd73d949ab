"""What the company bills, as invoices of Stripe with their lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.connectors.company import (
    AS_OF,
    Subscription,
    Terms,
    at,
    bills,
    changes,
    epoch,
)
from tests.connectors.shapes import Record
from tests.connectors.stripe_prices import Generation, minor, price


def invoices(subscription: Subscription, generation: Generation) -> Iterator[Record]:
    by_start: dict[datetime, list[tuple[Terms, datetime]]] = {}
    for terms, start, end in bills(subscription):
        by_start.setdefault(start, []).append((terms, end))
    for place, (start, lines) in enumerate(sorted(by_start.items())):
        records = [
            _line(subscription, terms, f"il_{terms.item}_{place}", start, end, generation)
            for terms, end in lines
        ]
        yield _invoice(subscription, f"in_{subscription.id}_{place}", start, records, generation)
    for place, (before, after, end) in enumerate(changes(subscription)):
        start = after.start
        records = [
            _line(subscription, terms, f"il_{terms.item}_p{place}{sign}", start, end, generation, sign)
            for terms, sign in ((before, -1), (after, 1))
        ]
        yield _invoice(subscription, f"in_{subscription.id}_p{place}", start, records, generation)


def _line(
    subscription: Subscription,
    terms: Terms,
    name: str,
    start: datetime,
    end: datetime,
    generation: Generation,
    proration: int = 0,
) -> Record:
    full = minor(terms.amount * terms.quantity, subscription.currency)
    # Stripe prorates by the second; the amount of a part is never used as a price.
    amount = round(full) if not proration else proration * round(full / 2)
    off = Decimal(0)
    if terms.discount and not proration:
        given = terms.discount
        off = (
            full * given.percent / 100
            if given.percent is not None
            else minor(given.amount or off, subscription.currency)
        )
    record: Record = {
        "id": name,
        "object": "line_item",
        "amount": int(amount),
        "currency": subscription.currency.lower(),
        "quantity": int(terms.quantity),
        "livemode": True,
        "period": {"start": epoch(start), "end": epoch(end)},
        "discount_amounts": [{"amount": round(off), "discount": f"di_{terms.item}"}] if off else [],
    }
    if generation == "A":
        return record | {
            "type": "subscription",
            "proration": bool(proration),
            "subscription": subscription.id,
            "subscription_item": f"si_{terms.item}",
            "price": price(terms, subscription.currency),
        }
    details: dict[str, Any] = price(terms, subscription.currency)
    return record | {
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": {
                "subscription": subscription.id,
                "subscription_item": f"si_{terms.item}",
                "proration": bool(proration),
            },
        },
        "pricing": {
            "type": "price_details",
            "price_details": {"price": details["id"], "product": details["product"]},
            "unit_amount_decimal": details["unit_amount_decimal"],
        },
    }


def _invoice(
    subscription: Subscription, name: str, issued: datetime, lines: list[Record], generation: Generation
) -> Record:
    total = sum(line["amount"] - sum(one["amount"] for one in line["discount_amounts"]) for line in lines)
    late = [state for state in subscription.states if state.status in ("past_due", "unpaid")]
    unpaid = any(state.start <= issued < (state.end or at(AS_OF)) for state in late)
    record: Record = {
        "id": name,
        "object": "invoice",
        "customer": subscription.customer,
        "currency": subscription.currency.lower(),
        "status": "open" if unpaid else "paid",
        "created": epoch(issued),
        "total": total,
        "livemode": True,
        "status_transitions": {"finalized_at": epoch(issued), "paid_at": None if unpaid else epoch(issued)},
        "lines": {"object": "list", "has_more": False, "data": lines},
    }
    if generation == "A":
        return record | {"subscription": subscription.id}
    return record | {"parent": {"subscription_details": {"subscription": subscription.id}}}
