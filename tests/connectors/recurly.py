"""The facts of the company as the objects of Recurly's API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from tests.connectors.company import (
    AS_OF,
    CREATED,
    Company,
    Discount,
    Subscription,
    Terms,
    at,
    bills,
    changes,
    moments,
    utc,
    view,
)
from tests.connectors.limits import (
    with_intervals_apart,
    without_paid_time_left,
    without_reasons,
    without_small_prices,
    without_unpaid_states,
)
from tests.connectors.shapes import Naming, Objects, Record

NAMES = {
    "accounts": Naming("account"),
    "plans": Naming("plan", lists={"currencies": "plan_currency"}),
    "add_ons": Naming("add_on"),
    "subscriptions": Naming("subscription", lists={"add_ons": "subscription_add_on"}),
    "coupons": Naming("coupon", lists={"discount.currencies": "coupon_discount"}),
    "coupon_redemptions": Naming("coupon_redemption"),
    "invoices": Naming("invoice", lists={"line_items": "line_item"}),
}

SHAPES = ("api", "airbyte", "airbyte_unflattened", "fivetran", "singer")

LOSSES = {
    "A subscription that is ended at once has no paid time left.": without_paid_time_left,
    "A subscription is active while its payments fail.": without_unpaid_states,
    "A subscription holds no reason of the customer.": without_reasons,
}

LIMITS = {
    "All items of a subscription have the interval of its plan.": with_intervals_apart,
    "A price has two decimals.": without_small_prices,
}


def _is_plan(subscription: Subscription, terms: Terms) -> bool:
    return terms.item == subscription.terms[0].item


def _code(terms: Terms) -> str:
    return f"{terms.plan}-{terms.interval}"


def _plan(terms: Terms) -> str:
    return f"p{_code(terms)}"


def item_id(subscription: Subscription, terms: Terms) -> str:
    return "plan" if _is_plan(subscription, terms) else f"add_on:{terms.plan}"


def _first_terms(company: Company) -> Iterator[tuple[Subscription, Terms]]:
    for subscription in company.subscriptions:
        for terms in subscription.terms:
            yield subscription, terms


def plan_of(subscription: Subscription, terms: Terms) -> str:
    return _plan(terms) if _is_plan(subscription, terms) else f"add_on:{terms.plan}"


def plans(company: Company) -> list[Record]:
    found = {plan_of(one, terms): company.plans[terms.plan] for one, terms in _first_terms(company)}
    return [{"plan_id": plan, "plan_name": name, "product": None} for plan, name in found.items()]


def objects(company: Company, crm_ids: dict[int, str]) -> dict[str, list[Record]]:
    stamp = utc(CREATED)
    found: dict[str, list[Record]] = {
        "accounts": list(_accounts(company, crm_ids)),
        "plans": [],
        "add_ons": [],
        "subscriptions": list(_versions(company)),
        "coupons": [],
        "coupon_redemptions": [],
        "invoices": [invoice for one in company.subscriptions for invoice in _invoices(one)],
    }
    seen: set[str] = set()
    for subscription, terms in _first_terms(company):
        name = plan_of(subscription, terms)
        if name not in seen:
            seen.add(name)
            base = {"object": "plan", "name": company.plans[terms.plan], "updated_at": stamp}
            if _is_plan(subscription, terms):
                length = {"month": 1, "year": 12}[terms.interval] * terms.count
                interval = {"interval_unit": "months", "interval_length": length}
                found["plans"].append(
                    {"id": name, "code": _code(terms), **base, **interval, "state": "active"}
                )
            else:
                codes = {"code": terms.plan, "add_on_type": "fixed", "state": "active"}
                found["add_ons"].append({"id": f"a{terms.plan}", **base, "object": "add_on", **codes})
        if terms.discount:
            coupon, redemption = _coupon(subscription, terms, terms.discount)
            found["coupons"].append(coupon)
            found["coupon_redemptions"].append(redemption)
    return found


def _accounts(company: Company, crm_ids: dict[int, str]) -> Iterator[Record]:
    names = {one.customer: one.account for one in company.subscriptions}
    for customer, account in names.items():
        email = "pat.person@gmail.com" if account == 20 else company.contact(account * 10).email
        is_known = account in crm_ids and account % 2
        yield {
            "id": customer,
            "object": "account",
            "code": crm_ids[account] if is_known and account != 15 else f"code-{customer}",
            "email": email,
            "state": "active",
            "parent_account_id": None,
            "custom_fields": [{"name": "crm_id", "value": crm_ids[account]}] if account == 15 else [],
            "created_at": utc(CREATED),
            "updated_at": utc(CREATED),
            "deleted_at": None,
        }


def _versions(company: Company) -> Iterator[Record]:
    """Yield each version that a tool took, by its time of update."""
    for subscription in company.subscriptions:
        if subscription.start > at(AS_OF):
            yield _snapshot(subscription, at(AS_OF))
        for moment in moments(subscription):
            yield _snapshot(subscription, moment)
    failed = Subscription(
        "S6",
        6,
        "cus_5",
        "USD",
        (Terms("S6-1", "core", Decimal(500), at("2024-02-01")),),
        company.subscriptions[0].states,
    )
    yield _snapshot(failed, at("2024-02-01")) | {"state": "failed"}


def _snapshot(subscription: Subscription, moment: datetime) -> Record:
    seen = view(subscription, moment)
    running = [terms for terms in seen.running if terms.start <= moment] or list(subscription.terms)
    main = next(terms for terms in running if _is_plan(subscription, terms))
    add_ons = [terms for terms in running if terms != main]
    trial = next((one for one in subscription.states if one.status == "trialing"), None)
    state = "expired" if seen.is_over else "canceled" if seen.requested else "active"
    is_future = subscription.start > moment
    if seen.state.status == "paused":
        state = "paused"
    if is_future:
        state = "future"
    over = (subscription.effective or subscription.end) if seen.requested or seen.is_over else None
    reasons = {"voluntary": "canceled", "involuntary": "nonpayment"}
    term = (None, None) if is_future else seen.term
    return {
        "id": subscription.id,
        "object": "subscription",
        "uuid": f"uuid{subscription.id}",
        "account": {
            "id": subscription.customer,
            "object": "account",
            "code": f"code-{subscription.customer}",
        },
        "plan": {"id": _plan(main), "object": "plan", "code": _code(main), "name": main.plan},
        "state": state,
        "created_at": utc(min(subscription.start, at(AS_OF))),
        "activated_at": utc(trial.end if trial and trial.end and trial.end <= moment else subscription.start),
        "current_period_started_at": utc(term[0]),
        "current_period_ends_at": utc(term[1]),
        "current_term_started_at": utc(term[0]),
        "current_term_ends_at": utc(term[1]),
        "trial_started_at": utc(trial.start) if trial else None,
        "trial_ends_at": utc(trial.end) if trial else None,
        "paused_at": utc(seen.state.start) if state == "paused" else None,
        "remaining_pause_cycles": 1 if state == "paused" else None,
        "canceled_at": utc(seen.requested),
        "expires_at": utc(over),
        "expiration_reason": reasons.get(subscription.cancel_kind or "") if state == "expired" else None,
        "unit_amount": float(main.amount),
        "quantity": int(main.quantity),
        "currency": subscription.currency,
        "subtotal": float(sum(terms.amount * terms.quantity for terms in running)),
        "auto_renew": True,
        "total_billing_cycles": 1,
        "updated_at": utc(moment),
        "add_ons": [
            {
                "id": f"{terms.item}-added",
                "object": "subscription_add_on",
                "subscription_id": subscription.id,
                "add_on": {"id": f"a{terms.plan}", "code": terms.plan, "add_on_type": "fixed"},
                "quantity": int(terms.quantity),
                "unit_amount": float(terms.amount),
                "created_at": utc(terms.start),
                "updated_at": utc(terms.start),
                "expired_at": None,
            }
            for terms in add_ons
        ],
    }


def _coupon(subscription: Subscription, terms: Terms, given: Discount) -> tuple[Record, Record]:
    name = f"c{terms.item}"
    kinds = {"forever": "forever", "repeating": "temporal", "once": "single_use"}
    coupon: Record = {
        "id": name,
        "object": "coupon",
        "code": name,
        "duration": kinds[given.kind],
        "applies_to_all_plans": True,
        "updated_at": utc(CREATED),
        "temporal_unit": None,
        "temporal_amount": None,
    }
    if given.kind == "repeating" and terms.end:
        months = (terms.end.year - terms.start.year) * 12 + terms.end.month - terms.start.month
        coupon |= {"temporal_unit": "month", "temporal_amount": months}
    if given.percent is not None:
        coupon["discount"] = {"type": "percent", "percent": int(given.percent)}
    else:
        amounts = [{"currency": subscription.currency, "amount": float(given.amount or 0)}]
        coupon["discount"] = {"type": "fixed", "currencies": amounts}
    is_over = given.kind == "repeating"
    redemption = {
        "id": f"r{terms.item}",
        "object": "coupon_redemption",
        "account": {"id": subscription.customer, "object": "account"},
        "subscription_id": None if given.level == "customer" else subscription.id,
        "coupon": {"id": name, "object": "coupon", "duration": coupon["duration"]},
        "currency": subscription.currency,
        "state": "inactive" if is_over else "active",
        "created_at": utc(terms.start),
        "updated_at": utc(terms.end if is_over else terms.start),
        "removed_at": utc(terms.end) if is_over else None,
    }
    return coupon, redemption


def _invoices(subscription: Subscription) -> Iterator[Record]:
    by_start: dict[datetime, list[tuple[Terms, datetime]]] = {}
    for terms, start, end in bills(subscription):
        by_start.setdefault(start, []).append((terms, end))
    for place, (start, billed) in enumerate(sorted(by_start.items())):
        lines = [_line(subscription, terms, f"l{terms.item}_{place}", start, end) for terms, end in billed]
        yield _invoice(subscription, f"i{subscription.id}_{place}", start, lines)
    for place, (before, after, end) in enumerate(changes(subscription)):
        name = f"l{after.item}_p{place}"
        lines = [
            _line(subscription, before, f"{name}c", after.start, end, sign=-1),
            _line(subscription, after, name, after.start, end, sign=1),
        ]
        yield _invoice(subscription, f"i{subscription.id}_p{place}", after.start, lines)


def _line(
    subscription: Subscription, terms: Terms, name: str, start: datetime, end: datetime, *, sign: int = 0
) -> Record:
    share = Decimal("0.5") if sign else Decimal(1)
    full = terms.amount * terms.quantity * share * (sign or 1)
    given = None if sign else terms.discount
    off = Decimal(0)
    if given:
        off = full * given.percent / 100 if given.percent is not None else given.amount or off
    is_plan = _is_plan(subscription, terms)
    main = terms if is_plan else subscription.terms[0]
    return {
        "id": name,
        "object": "line_item",
        "subscription_id": subscription.id,
        "type": "credit" if sign < 0 else "charge",
        "origin": "plan" if is_plan else "add_on",
        "plan_id": _plan(main),
        "plan_code": _code(main),
        "add_on_id": None if is_plan else f"a{terms.plan}",
        "add_on_code": None if is_plan else terms.plan,
        "start_date": utc(start),
        "end_date": utc(end),
        "quantity": int(terms.quantity),
        "unit_amount": float(terms.amount * share * (sign or 1)),
        "subtotal": float(full),
        "discount": float(off),
        "amount": float(full - off),
        "currency": subscription.currency,
        "proration_rate": 0.5 if sign else None,
        "refund": False,
        "created_at": utc(start),
        "updated_at": utc(start),
    }


def _invoice(subscription: Subscription, name: str, issued: datetime, lines: list[Record]) -> Record:
    return {
        "id": name,
        "object": "invoice",
        "type": "charge",
        "state": "paid",
        "account": {"id": subscription.customer, "object": "account"},
        "subscription_ids": [subscription.id],
        "currency": subscription.currency,
        "total": sum(line["amount"] for line in lines),
        "created_at": utc(issued),
        "due_at": utc(issued),
        "closed_at": utc(issued),
        "updated_at": utc(issued),
        "line_items": lines,
    }


def told(objects: Objects, shape: str) -> tuple[Objects, dict[str, Naming]]:
    """Return the records and names of a tool that changes them."""
    if shape == "fivetran":
        # Each table has versions, and those of lists name the version of their parent.
        names = {
            name: Naming(f"{naming.singular}_history", lists=_histories(naming))
            for name, naming in NAMES.items()
        }
        found = {**objects, "subscriptions": [_with_dated_list(one) for one in objects["subscriptions"]]}
        return found, names
    return objects, NAMES


def _histories(naming: Naming) -> dict[str, str]:
    return {
        way: folder if folder == "coupon_discount" else f"{folder}_history"
        for way, folder in naming.lists.items()
    }


def _with_dated_list(record: Record) -> Record:
    """Fivetran names the version of the subscription on each of its add-ons."""
    add_ons = [{**one, "subscription_updated_at": record["updated_at"]} for one in record["add_ons"]]
    return {**record, "add_ons": add_ons}
