"""The facts of the company as the objects of Stripe's API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from tests.connectors.company import (
    AS_OF,
    Company,
    Subscription,
    Terms,
    at,
    epoch,
    moments,
    view,
)
from tests.connectors.shapes import Naming, Record
from tests.connectors.stripe_invoices import invoices
from tests.connectors.stripe_prices import Generation, discount, price

NAMES = {
    "customers": Naming("customer", epochs=("created",)),
    "products": Naming("product", epochs=("created",)),
    "prices": Naming("price", keys=("product",), epochs=("created",)),
    "subscriptions": Naming(
        "subscription",
        keys=("customer",),
        lists={"items.data": "subscription_item"},
        epochs=(
            "created",
            "start_date",
            "trial_start",
            "trial_end",
            "cancel_at",
            "canceled_at",
            "ended_at",
            "current_period_start",
            "current_period_end",
            "start",
            "end",
        ),
    ),
    "invoices": Naming(
        "invoice",
        keys=("customer", "subscription", "price"),
        lists={"lines.data": "invoice_line_item"},
        epochs=("created", "due_date", "paid_at", "finalized_at", "start", "end"),
    ),
    "events": Naming("event", epochs=("created",)),
}

SHAPES = ("api", "airbyte", "airbyte_unflattened", "fivetran", "dlt", "singer")


def plans(company: Company) -> list[Record]:
    return [
        {"plan_id": f"prod_{plan}", "plan_name": name, "product": name}
        for plan, name in company.plans.items()
    ]


def objects(
    company: Company, crm_ids: dict[int, str], generation: Generation = "A", *, events: bool = True
) -> dict[str, list[Record]]:
    """Return the objects at AS_OF. `events` adds the whole history of the subscriptions."""
    found: dict[str, list[Record]] = {
        "customers": list(_customers(company, crm_ids)),
        "products": [
            {"id": f"prod_{plan}", "object": "product", "name": name, "active": True, "livemode": True}
            for plan, name in company.plans.items()
        ],
        "prices": list(_prices(company)),
        "subscriptions": [
            snapshot(one, at(AS_OF), generation) for one in company.subscriptions if one.start <= at(AS_OF)
        ],
        "invoices": [invoice for one in company.subscriptions for invoice in invoices(one, generation)],
    }
    found["subscriptions"] += list(_never_counted())
    if events:
        found["events"] = [event for one in company.subscriptions for event in _events(one, generation)]
    return found


def of_two_generations(company: Company, crm_ids: dict[int, str]) -> dict[str, list[Record]]:
    """Return every other record in the form before 2025-03-31, and the rest in that since 2025-09-30."""
    old, new = objects(company, crm_ids, "A"), objects(company, crm_ids, "C")
    return {
        name: [
            after if place % 2 else before
            for place, (before, after) in enumerate(zip(old[name], new[name], strict=True))
        ]
        for name in old
    }


def snapshot(subscription: Subscription, moment: datetime, generation: Generation) -> Record:
    """Return a subscription as the API shows it at an instant."""
    seen = view(subscription, moment)
    state, requested, stopped, period = seen.state, seen.requested, seen.is_over, seen.term
    status = "canceled" if stopped else {"paused": "active"}.get(state.status, state.status)
    trial = next((one for one in subscription.states if one.status == "trialing"), None)
    reason = {"voluntary": "cancellation_requested", "involuntary": "payment_failed"}
    record: Record = {
        "id": subscription.id,
        "object": "subscription",
        "customer": subscription.customer,
        "currency": subscription.currency.lower(),
        "status": status,
        "livemode": True,
        "created": epoch(subscription.start),
        "start_date": epoch(subscription.start),
        "trial_start": epoch(trial.start) if trial else None,
        "trial_end": epoch(trial.end) if trial else None,
        "cancel_at_period_end": bool(requested and not stopped),
        "cancel_at": None,
        "canceled_at": epoch(requested),
        "ended_at": epoch(subscription.effective or subscription.end) if stopped else None,
        "cancellation_details": {
            "reason": reason.get(subscription.cancel_kind or "") if requested else None,
            "feedback": subscription.cancel_reason if requested else None,
            "comment": None,
        },
        "pause_collection": {"behavior": "void", "resumes_at": None} if state.status == "paused" else None,
        "metadata": {},
        "items": {
            "object": "list",
            "has_more": False,
            "data": [_item(subscription, terms, generation, period) for terms in seen.running],
        },
    }
    if generation == "A":
        record |= {"current_period_start": epoch(period[0]), "current_period_end": epoch(period[1])}
        record["discount"] = None
    return record


def _item(
    subscription: Subscription, terms: Terms, generation: Generation, period: tuple[datetime, datetime]
) -> Record:
    first = min(one.start for one in subscription.terms if one.item == terms.item)
    record: Record = {
        "id": f"si_{terms.item}",
        "object": "subscription_item",
        "subscription": subscription.id,
        "created": epoch(first),
        "quantity": int(terms.quantity),
        "price": price(terms, subscription.currency),
        "discounts": _discounts(subscription, terms),
    }
    if generation != "A":
        record |= {"current_period_start": epoch(period[0]), "current_period_end": epoch(period[1])}
    return record


def _discounts(subscription: Subscription, terms: Terms) -> list[Record]:
    given = terms.discount
    if given is None or given.level != "item":
        return []
    return [discount(given, f"di_{terms.item}", subscription.currency, terms.start, terms.end)]


def _customers(company: Company, crm_ids: dict[int, str]) -> Iterator[Record]:
    for subscription in company.subscriptions:
        account = subscription.account
        person = "pat.person@gmail.com" if account == 20 else None
        email = person or company.contact(account * 10).email
        loyal = next(
            (t.discount for t in subscription.terms if t.discount and t.discount.level == "customer"), None
        )
        yield {
            "id": subscription.customer,
            "object": "customer",
            "email": email,
            "livemode": True,
            "created": epoch(subscription.start),
            "metadata": {"crm_id": crm_ids[account]} if account in crm_ids and account % 2 else {},
            "discount": discount(loyal, f"di_{account}", subscription.currency, subscription.start, None)
            if loyal
            else None,
        }
    yield {
        "id": "cus_test",
        "object": "customer",
        "email": "t@test.example",
        "livemode": False,
        "metadata": {},
    }


def _prices(company: Company) -> Iterator[Record]:
    prices = {
        found["id"]: found
        for one in company.subscriptions
        for terms in one.terms
        for found in [price(terms, one.currency)]
    }
    yield from prices.values()


def _never_counted() -> Iterator[Record]:
    """Yield subscriptions that count nowhere: one in test mode, and one whose first payment failed."""
    base: Record = {
        "object": "subscription",
        "currency": "usd",
        "created": epoch(at("2024-02-01")),
        "start_date": epoch(at("2024-02-01")),
        "metadata": {},
    }
    terms = Terms("never", "core", Decimal(500), at("2024-02-01"))
    item = {"id": "si_never", "quantity": 1, "price": price(terms, "USD"), "created": epoch(at("2024-02-01"))}
    for name, customer, status, live in (
        ("sub_test", "cus_test", "active", False),
        ("sub_incomplete", "cus_1", "incomplete_expired", True),
    ):
        items = {"object": "list", "has_more": False, "data": [{**item, "id": f"si_{name}"}]}
        yield {**base, "id": name, "customer": customer, "status": status, "livemode": live, "items": items}


def _events(subscription: Subscription, generation: Generation) -> Iterator[Record]:
    """Yield one event per change, each with the whole subscription after it."""
    over = subscription.effective or subscription.end
    for place, moment in enumerate(moments(subscription)):
        kind = "created" if not place else "deleted" if moment == over else "updated"
        yield {
            "id": f"evt_{subscription.id}_{place}",
            "object": "event",
            "type": f"customer.subscription.{kind}",
            "created": epoch(moment),
            "livemode": True,
            "data": {"object": snapshot(subscription, moment, generation)},
        }
