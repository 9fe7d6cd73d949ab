"""The facts of the company as the objects of Chargebee's API, product catalog 2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.connectors.chargebee_invoices import invoices
from tests.connectors.chargebee_items import is_small, item_price, item_type, minor, money
from tests.connectors.company import (
    AS_OF,
    CREATED,
    Company,
    Subscription,
    Terms,
    at,
    epoch,
    moments,
    view,
)
from tests.connectors.limits import without_paid_time_left, without_unpaid_states
from tests.connectors.shapes import Naming, Objects, Record

_TIMES = (
    "created_at",
    "updated_at",
    "started_at",
    "activated_at",
    "trial_start",
    "trial_end",
    "current_term_start",
    "current_term_end",
    "next_billing_at",
    "cancelled_at",
    "cancel_schedule_created_at",
    "pause_date",
    "resume_date",
    "apply_till",
    "occurred_at",
    "date",
    "paid_at",
    "due_date",
    "date_from",
    "date_to",
    "start_date",
)

NAMES = {
    "customers": Naming("customer", epochs=_TIMES),
    "subscriptions": Naming(
        "subscription",
        lists={
            "subscription_items": "subscription_subscription_item",
            "discounts": "subscription_discount",
        },
        epochs=_TIMES,
    ),
    "items": Naming("item", epochs=_TIMES),
    "item_prices": Naming("item_price", epochs=_TIMES),
    "invoices": Naming("invoice", lists={"line_items": "invoice_line_item"}, epochs=_TIMES),
    "events": Naming("event", epochs=_TIMES),
}

SHAPES = ("api", "airbyte", "airbyte_unflattened", "fivetran", "singer")

LOSSES = {
    "A subscription that is cancelled at once has no paid time left.": without_paid_time_left,
    "A subscription is active while its payments fail.": without_unpaid_states,
}


def plans(company: Company) -> list[Record]:
    return [{"plan_id": plan, "plan_name": name, "product": "saas"} for plan, name in company.plans.items()]


def objects(company: Company, crm_ids: dict[int, str]) -> dict[str, list[Record]]:
    known = company.subscriptions
    return {
        "customers": list(_customers(company, crm_ids)),
        "subscriptions": [snapshot(one, at(AS_OF)) for one in known],
        "items": [
            {
                "id": plan,
                "name": f"{plan}-internal",
                "external_name": name,
                "item_family_id": "saas",
                "type": item_type(plan),
                "status": "active",
                "metered": False,
                "is_giftable": False,
                "updated_at": epoch(CREATED),
                "object": "item",
            }
            for plan, name in company.plans.items()
        ],
        "item_prices": list(_item_prices(company)),
        "invoices": [invoice for one in known for invoice in invoices(one)],
        "events": [event for one in known for event in _events(one)],
    }


def snapshot(subscription: Subscription, moment: datetime) -> Record:
    """Return a subscription as the API shows it at an instant."""
    record: Record = {
        "id": subscription.id,
        "object": "subscription",
        "customer_id": subscription.customer,
        "currency_code": subscription.currency,
        "created_at": epoch(min(subscription.start, at(AS_OF))),
        "updated_at": epoch(moment),
        "resource_version": (epoch(moment) or 0) * 1000,
        "deleted": False,
        "has_scheduled_changes": False,
    }
    if subscription.start > moment:
        first = tuple(terms for terms in subscription.terms if terms.start == subscription.start)
        items = [_item(subscription, terms) for terms in first]
        return record | {
            "status": "future",
            "start_date": epoch(subscription.start),
            "billing_period": 1,
            "billing_period_unit": "month",
            "subscription_items": items,
        }
    seen = view(subscription, moment)
    status = {"trialing": "in_trial", "paused": "paused"}.get(seen.state.status, "active")
    trial = next((one for one in subscription.states if one.status == "trialing"), None)
    paused = next((one for one in subscription.states if one.status == "paused"), None)
    over = subscription.effective or subscription.end
    is_planned = seen.requested is not None and seen.requested != over
    activated = trial.end if trial else subscription.start
    record |= {
        "status": "cancelled" if seen.is_over else "non_renewing" if seen.requested else status,
        "started_at": epoch(subscription.start),
        "activated_at": epoch(activated) if activated and activated <= moment else None,
        "trial_start": epoch(trial.start) if trial else None,
        "trial_end": epoch(trial.end) if trial else None,
        "current_term_start": epoch(seen.term[0]),
        "current_term_end": epoch(seen.term[1]),
        "cancelled_at": epoch(over) if seen.requested or seen.is_over else None,
        "cancel_schedule_created_at": epoch(seen.requested) if is_planned else None,
        "billing_period": 1,
        "billing_period_unit": next(t.interval for t in seen.running if item_type(t.plan) == "plan"),
        "subscription_items": [_item(subscription, terms) for terms in seen.running],
        "discounts": [
            _discount(subscription, terms)
            for terms in subscription.terms
            if terms.discount and terms.start <= moment
        ],
    }
    if subscription.cancel_kind == "involuntary" and seen.is_over:
        record["cancel_reason"] = "not_paid"
    elif subscription.cancel_reason and seen.requested:
        record["cancel_reason_code"] = subscription.cancel_reason
    if paused and seen.state == paused:
        record |= {"pause_date": epoch(paused.start), "resume_date": epoch(paused.end)}
    return {key: value for key, value in record.items() if value not in (None, [])}


def _item(subscription: Subscription, terms: Terms) -> Record:
    currency = subscription.currency
    record: Record = {
        "item_price_id": item_price(terms, currency),
        "item_type": item_type(terms.plan),
        "quantity": int(terms.quantity),
        **money("unit_price", terms.amount, currency, terms),
        **money("amount", terms.amount * terms.quantity, currency, terms),
        "free_quantity": 0,
        "billing_period": terms.count,
        "billing_period_unit": terms.interval,
        "object": "subscription_item",
    }
    return record | ({"quantity_in_decimal": str(terms.quantity)} if is_small(terms) else {})


def _discount(subscription: Subscription, terms: Terms) -> Record:
    """A discount of the subscription or of an item. Chargebee has none of the customer."""
    given = terms.discount
    assert given is not None
    kinds = {"forever": "forever", "repeating": "limited_period", "once": "one_time"}
    record: Record = {
        "id": f"D{terms.item}",
        "invoice_name": "Discount",
        "type": "percentage" if given.percent is not None else "fixed_amount",
        "duration_type": kinds[given.kind],
        "created_at": epoch(terms.start),
        "included_in_mrr": True,
        "object": "discount",
    }
    if given.percent is None:
        record |= {"amount": minor(given.amount or Decimal(0), subscription.currency)}
        record |= {"currency_code": subscription.currency}
    else:
        record |= {"percentage": float(given.percent)}
    if given.level == "item":
        price = item_price(terms, subscription.currency)
        record |= {"apply_on": "specific_item_price", "item_price_id": price}
    else:
        record |= {"apply_on": "invoice_amount"}
    if given.kind == "repeating" and terms.end:
        months = (terms.end.year - terms.start.year) * 12 + terms.end.month - terms.start.month
        record |= {"period": months, "period_unit": "month", "apply_till": epoch(terms.end)}
    return record


def _customers(company: Company, crm_ids: dict[int, str]) -> Iterator[Record]:
    for subscription in company.subscriptions:
        account = subscription.account
        email = "pat.person@gmail.com" if account == 20 else company.contact(account * 10).email
        record: Record = {
            "id": subscription.customer,
            "email": email,
            "created_at": epoch(CREATED),
            "updated_at": epoch(CREATED),
            "deleted": False,
            "object": "customer",
        }
        if account in crm_ids and account % 2:
            record["cf_crm_id"] = crm_ids[account]
        yield record


def _item_prices(company: Company) -> Iterator[Record]:
    found: dict[str, Record] = {}
    for subscription in company.subscriptions:
        for terms in subscription.terms:
            name = item_price(terms, subscription.currency)
            found[name] = {
                "id": name,
                "name": name,
                "item_id": terms.plan,
                "item_type": item_type(terms.plan),
                "pricing_model": "per_unit",
                **money("price", terms.amount, subscription.currency, terms),
                "currency_code": subscription.currency,
                "period": terms.count,
                "period_unit": terms.interval,
                "status": "active",
                "updated_at": epoch(CREATED),
                "object": "item_price",
            }
    yield from found.values()


def _events(subscription: Subscription) -> Iterator[Record]:
    for place, moment in enumerate(moments(subscription)):
        shown = snapshot(subscription, moment)
        kind = {"cancelled": "cancelled", "paused": "paused"}.get(shown["status"], "changed")
        yield {
            "id": f"ev_{subscription.id}_{place}",
            "occurred_at": epoch(moment),
            "source": "admin_console",
            "event_type": f"subscription_{kind if place else 'created'}",
            "api_version": "v2",
            "object": "event",
            "content": {"subscription": shown},
        }


def told(objects: Objects, shape: str) -> tuple[Objects, dict[str, Naming]]:
    """Return the records and names of a tool that changes them."""
    if shape == "api":
        # A list of the API wraps each record.
        return {
            name: [{NAMES[name].singular: record} for record in records] for name, records in objects.items()
        }, NAMES
    if shape.startswith("airbyte"):
        customers = [_with_list_of_fields(one) for one in objects["customers"]]
        singular = {**objects, "customers": customers}
        return {NAMES[name].singular: records for name, records in singular.items()}, {
            naming.singular: naming for naming in NAMES.values()
        }
    return objects, NAMES


def _with_list_of_fields(record: dict[str, Any]) -> Record:
    own = {key: value for key, value in record.items() if key.startswith("cf_")}
    rest = {key: value for key, value in record.items() if key not in own}
    return rest | {"custom_fields": [{"name": key, "value": value} for key, value in own.items()]}
