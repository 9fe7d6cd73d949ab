"""What the company bills, as invoices of Chargebee with their lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from tests.connectors.chargebee_items import is_small, item_price, item_type, minor, money
from tests.connectors.company import (
    Subscription,
    Terms,
    bills,
    changes,
    epoch,
)
from tests.connectors.shapes import Record


def invoices(subscription: Subscription) -> Iterator[Record]:
    by_start: dict[datetime, list[tuple[Terms, datetime]]] = {}
    for terms, start, end in bills(subscription):
        by_start.setdefault(start, []).append((terms, end))
    for place, (start, billed) in enumerate(sorted(by_start.items())):
        lines = [_line(subscription, terms, f"li_{terms.item}_{place}", start, end) for terms, end in billed]
        yield _invoice(subscription, f"inv_{subscription.id}_{place}", start, lines)
    for place, (_, after, end) in enumerate(changes(subscription)):
        # The rest of the old terms is a credit note.
        name = f"li_{after.item}_p{place}"
        lines = [_line(subscription, after, name, after.start, end, prorated=True)]
        yield _invoice(subscription, f"inv_{subscription.id}_p{place}", after.start, lines)


def _line(
    subscription: Subscription,
    terms: Terms,
    name: str,
    start: datetime,
    end: datetime,
    *,
    prorated: bool = False,
) -> Record:
    share = Decimal("0.5") if prorated else Decimal(1)
    given = None if prorated else terms.discount
    full = terms.amount * terms.quantity
    off = Decimal(0)
    if given:
        off = full * given.percent / 100 if given.percent is not None else given.amount or off
    currency = subscription.currency
    record: Record = {
        "id": name,
        "subscription_id": subscription.id,
        "customer_id": subscription.customer,
        "date_from": epoch(start),
        "date_to": epoch(end),
        **money("unit_amount", terms.amount * share, currency, terms),
        "quantity": int(terms.quantity),
        **money("amount", full * share, currency, terms),
        "discount_amount": minor(off, currency),
        "pricing_model": "per_unit",
        "entity_type": f"{item_type(terms.plan)}_item_price",
        "entity_id": item_price(terms, currency),
        "is_taxed": False,
        "object": "line_item",
    }
    return record | ({"quantity_in_decimal": str(terms.quantity)} if is_small(terms) else {})


def _invoice(subscription: Subscription, name: str, issued: datetime, lines: list[Record]) -> Record:
    return {
        "id": name,
        "customer_id": subscription.customer,
        "subscription_id": subscription.id,
        "recurring": True,
        "status": "paid",
        "date": epoch(issued),
        "due_date": epoch(issued),
        "paid_at": epoch(issued),
        "currency_code": subscription.currency,
        "total": sum(line["amount"] - line["discount_amount"] for line in lines),
        "updated_at": epoch(issued),
        "line_items": lines,
        "object": "invoice",
    }
