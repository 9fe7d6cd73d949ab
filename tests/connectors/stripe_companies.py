"""Subscriptions in the shapes in which Stripe and loading tools deliver them."""

from __future__ import annotations

from tests.connectors.stripe_rows import Row, StripeRows

DATES = [f"2024-{month:02}-02" for month in range(1, 7)]
"""One delivery per month."""


def three_generations(raw: StripeRows) -> None:
    """The same subscription in the shapes of three years, with one seat more in April."""
    raw.subscription("gens", "2024-02-15", current_period_start="2024-02-01", current_period_end="2024-03-01")
    old_item = {"price_id": None, "plan_id": "g10", "plan_interval": "month", "plan_currency": "usd"}
    raw.item(
        "gens",
        "",
        "2024-02-15",
        **old_item,
        plan_amount=1000,
        current_period_start=None,
        current_period_end=None,
    )
    raw.subscription("gens", "2024-04-15")
    raw.item("gens", "g10", "2024-04-15", quantity=2, current_period_start="2024-04-01")
    raw.subscription("gens", "2024-06-15")
    raw.item("gens", "g10", "2024-06-15", quantity=2)
    raw.line("gens", "g10", "2024-01-01", "2024-02-01", 1000)
    new_shape = {
        "subscription_item": None,
        "proration": None,
        "price_id": None,
        "pricing_price_details_price": "g10",
        "parent_subscription_item_details_subscription": "gens",
        "parent_subscription_item_details_subscription_item": "si_gens",
        "parent_subscription_item_details_proration": False,
    }
    raw.line("gens", "g10", "2024-04-01", "2024-05-01", 2000, quantity=2, **new_shape)


def seat_change(raw: StripeRows) -> None:
    """Five seats become eight on 10 February, which an invoice of 1 March bills by a pair of prorations."""
    raw.price("seat", 1000)
    for name in ("seats_lines", "seats_deliveries"):
        raw.line(name, "seat", "2024-01-01", "2024-02-01", 5000, quantity=5)
        raw.line(name, "seat", "2024-02-01", "2024-03-01", 5000, quantity=5)
        pair = {"proration": True, "issued": "2024-03-01", "invoice": f"in_{name}"}
        raw.line(name, "seat", "2024-02-10", "2024-03-01", -3448, quantity=5, **pair)
        raw.line(name, "seat", "2024-02-10", "2024-03-01", 5517, quantity=8, **pair)
        raw.line(name, "seat", "2024-03-01", "2024-04-01", 8000, quantity=8)
    raw.subscription("seats_lines", "2024-06-15")
    raw.item("seats_lines", "seat", quantity=8)
    for date, quantity in (("2024-01-20", 5), ("2024-02-20", 8), ("2024-03-20", 8)):
        raw.subscription("seats_deliveries", date)
        raw.item("seats_deliveries", "seat", date, quantity=quantity, current_period_start=f"{date[:7]}-01")


def price_rise(raw: StripeRows) -> None:
    """A yearly plan whose second year has a new price of the same product."""
    raw.price("year_old", 120000, "year", currency="eur")
    raw.price("year_new", 132000, "year", currency="eur")
    year = {"created": "2022-03-01", "start_date": "2022-03-01", "currency": "eur"}
    raw.subscription("rise", "2023-06-15", **year)
    first = {
        "current_period_start": "2023-03-01",
        "current_period_end": "2024-03-01",
        "created": "2022-03-01",
    }
    raw.item("rise", "year_old", "2023-06-15", **first)
    raw.subscription("rise", "2024-06-15", **year)
    raw.item("rise", "year_new", "2024-06-15", **(first | {"current_period_start": "2024-03-01"}))


def coupons(raw: StripeRows) -> None:
    """Discounts of each kind and level."""
    raw.price("p100", 10000)
    raw.price("p50", 5000)
    repeating = {
        "discount_id": "di_three",
        "discount_coupon_id": "three",
        "discount_coupon_duration": "repeating",
        "discount_coupon_duration_in_months": 3,
        "discount_coupon_percent_off": 20,
        "discount_start": "2024-01-01",
    }
    raw.subscription("coupon", "2024-01-15", **repeating, discount_end="2024-04-01")
    raw.item("coupon", "p100", "2024-01-15", current_period_start="2024-01-01")
    raw.subscription("coupon", "2024-06-15")
    raw.item("coupon", "p100")
    # The dashboard's list of discounts names a coupon that another object describes.
    raw.add("coupons", "2024-06-15", id="ten", amount_off=1500, currency="usd", duration="forever")
    raw.add(
        "subscription_discounts",
        "2024-06-15",
        id="di_ten",
        subscription="spread",
        source_coupon="ten",
        start="2024-01-01",
    )
    raw.subscription("spread")
    raw.item("spread", "p100", id="si_spread_1")
    raw.item("spread", "p50", id="si_spread_2")
    customer = {
        "discount_id": "di_c",
        "discount_coupon_percent_off": 10,
        "discount_coupon_duration": "forever",
    }
    raw.add(
        "customers",
        "2024-06-15",
        id="cus_of_customer",
        livemode=True,
        discount_start="2023-12-01",
        **customer,
    )
    raw.subscription("of_customer")
    raw.item("of_customer", "p100")
    once: Row = {
        "discount_id": "di_o",
        "discount_coupon_duration": "once",
        "discount_coupon_amount_off": 2500,
    }
    raw.subscription("once", **once, discount_coupon_currency="usd", discount_start="2024-01-01")
    raw.item("once", "p100")


def ends(raw: StripeRows) -> None:
    """Subscriptions that were cancelled on 10 June, in a month that was paid."""
    for name in ("kept", "refunded", "credited", "unpaid_month"):
        ended = {"status": "canceled", "canceled_at": "2024-06-10", "ended_at": "2024-06-10"}
        raw.subscription(name, "2024-05-15", current_period_start="2024-05-01")
        raw.subscription(name, "2024-06-15", **ended, cancellation_details_reason="cancellation_requested")
        raw.item(name, "p100")
        status = "open" if name == "unpaid_month" else "paid"
        raw.line(name, "p100", "2024-06-01", "2024-07-01", 10000, invoice=f"in_{name}", status=status)
    refund = {"status": "succeeded", "amount": 6000, "created": "2024-06-12", "currency": "usd"}
    raw.add("refunds", "2024-06-15", id="re_1", charge="ch_in_refunded", **refund)
    raw.add(
        "credit_notes", "2024-06-15", id="cn_1", invoice="in_refunded", status="issued", created="2024-06-12"
    )
    credit = {"proration": True, "issued": "2024-06-10", "invoice": "in_credit"}
    raw.line("credited", "p100", "2024-06-10", "2024-07-01", -6667, **credit)
    raw.subscription(
        "at_period_end", cancel_at_period_end=True, canceled_at="2024-06-03", cancel_at="2024-07-01"
    )
    raw.item("at_period_end", "p100")
    raw.subscription("withdrawn", "2024-03-15", cancel_at_period_end=True, canceled_at="2024-03-03")
    raw.item("withdrawn", "p100", "2024-03-15", current_period_start="2024-03-01")
    raw.subscription("withdrawn")
    raw.item("withdrawn", "p100")


def unpaid(raw: StripeRows) -> None:
    """Events show how a subscription fails, to the second."""
    steps = [
        ("2024-03-01 00:10:00", "past_due"),
        ("2024-03-22 09:00:00", "unpaid"),
        ("2024-04-05", "canceled"),
    ]
    raw.subscription("failing", "2024-02-15")
    raw.item("failing", "p100", "2024-02-15", current_period_start="2024-02-01")
    for number, (at, status) in enumerate(steps):
        last = {"data_object_ended_at": at, "data_object_canceled_at": at} if status == "canceled" else {}
        raw.add(
            "events",
            "2024-04-10",
            id=f"evt_{number}",
            type="customer.subscription.deleted" if last else "customer.subscription.updated",
            created=at,
            data_object_id="failing",
            data_object_customer="cus_failing",
            data_object_status=status,
            data_object_currency="usd",
            data_object_created="2024-01-01",
            data_object_start_date="2024-01-01",
            data_object_current_period_start="2024-03-01",
            data_object_current_period_end="2024-04-01",
            data_object_cancellation_details_reason="payment_failed" if last else None,
            **last,
        )


def pauses_and_trials(raw: StripeRows) -> None:
    """States that the status does not show, and records that do not count."""
    paused = {"pause_collection_behavior": "void", "pause_collection_resumes_at": "2024-05-01"}
    raw.subscription("paused", "2024-02-15", current_period_start="2024-02-01")
    raw.subscription("paused", "2024-03-15", current_period_start="2024-03-01", **paused)
    raw.item("paused", "p100", "2024-02-15", current_period_start="2024-02-01")
    raw.subscription(
        "trial", "2024-01-05", status="trialing", trial_start="2024-01-01", trial_end="2024-01-15 08:00:00"
    )
    raw.item("trial", "p100", "2024-01-05", current_period_start="2024-01-01")
    raw.subscription("never_paid", status="incomplete_expired", trial_end=None)
    raw.item("never_paid", "p100")
    raw.subscription("test", livemode=False)
    raw.item("test", "p100")


def prices(raw: StripeRows) -> None:
    """Currencies, tiers, packages, intervals, usage and charges."""
    raw.price("yen", 5000, currency="jpy")
    raw.subscription("jpy", currency="jpy")
    raw.item("jpy", "yen")
    raw.price("dinar", None, currency="kwd", unit_amount_decimal="1250.5")
    raw.subscription("kwd", currency="kwd")
    raw.item("kwd", "dinar")
    raw.subscription("intervals")
    raw.item("intervals", "p100", id="si_a_month")
    year = {"current_period_start": "2024-01-01", "current_period_end": "2025-01-01"}
    raw.price("yearly", 60000, "year")
    raw.item("intervals", "yearly", id="si_b_year", **year)
    raw.price("tiers", None, billing_scheme="tiered")
    raw.price("meter", 2, recurring_usage_type="metered")
    raw.price("setup", 9900, type="one_time", recurring_interval=None)
    raw.price("pack", 3000, transform_quantity_divide_by=10, transform_quantity_round="up")
    raw.subscription("kinds")
    item = {"subscription_item": "si_a_tiers"}
    raw.item("kinds", "tiers", id="si_a_tiers", quantity=15)
    raw.line("kinds", "tiers", "2024-06-01", "2024-07-01", 10000, invoice="in_k", quantity=10, **item)
    raw.line("kinds", "tiers", "2024-06-01", "2024-07-01", 2500, invoice="in_k", quantity=5, **item)
    raw.item("kinds", "pack", id="si_b_pack", quantity=25)
    raw.item("kinds", "meter", id="si_c_meter", quantity=None)
    usage = {"subscription_item": "si_c_meter", "quantity": 300}
    raw.line("kinds", "meter", "2024-05-01", "2024-06-01", 600, issued="2024-06-01", **usage)
    charge = {"id": "il_setup", "subscription_item": None}
    raw.line("kinds", "setup", "2024-01-03", "2024-01-03", 9900, **charge)
    raw.price("local", 1000, currency="eur")
    raw.subscription("other_currency", currency="usd")
    raw.item("other_currency", "local", quantity=2)
    raw.months("other_currency", "local", 2200, 5, 6, quantity=2)
    raw.price("free_form", None)
    raw.subscription("unknown_price")
    raw.item("unknown_price", "free_form")


def ways_to_history(raw: StripeRows) -> None:
    """One seat until April, then two: from the loader, from deliveries, and from lines."""
    for name in ("by_loader", "by_deliveries", "by_lines"):
        raw.months(name, "p50", 5000, 1, 3) if name != "by_loader" else None
        raw.months(name, "p50", 10000, 4, 6, quantity=2) if name != "by_loader" else None
    raw.subscription("by_lines")
    raw.item("by_lines", "p50", quantity=2)
    for number, date in enumerate(DATES, start=1):
        period = {"current_period_start": f"{date[:7]}-01"}
        raw.subscription("by_deliveries", date, **period)
        raw.item("by_deliveries", "p50", date, quantity=1 if number < 4 else 2, **period)
    for number, date in enumerate(DATES, start=1):
        period = {"current_period_start": f"{date[:7]}-01"}
        arrival = f"2024-06-15 10:00:0{number}"
        raw.subscription("by_files", arrival, **period)
        raw.item("by_files", "p50", arrival, quantity=1 if number < 4 else 2, **period)
    for start, end, quantity in (("2024-01-01", "2024-04-01", 1), ("2024-04-01", None, 2)):
        version: Row = {"_version_from": start, "_version_to": end}
        raw.subscription("by_loader", **version, current_period_start=start)
        raw.item("by_loader", "p50", quantity=quantity, current_period_start=start, **version)


def late_item_and_export(raw: StripeRows) -> None:
    """An item that came within a billing period and left, and one that only the dashboard knows."""
    raw.subscription("joined", "2024-05-15", current_period_start="2024-05-01")
    raw.item("joined", "p100", "2024-05-15", current_period_start="2024-05-01")
    for date, start in (("2024-06-15", "2024-06-01"), ("2024-06-20", "2024-06-01")):
        raw.subscription("joined", date, current_period_start=start)
        raw.item("joined", "p100", date, current_period_start=start)
    added = {"id": "si_later", "created": "2024-06-10", "current_period_start": None}
    raw.item("joined", "p50", "2024-06-15", **added)
    raw.add(
        "subscriptions_export",
        "2024-06-15",
        id="exported",
        customer_id="cus_exported",
        plan="Gold yearly",
        product="Gold",
        quantity=3,
        interval="year",
        currency="usd",
        amount="120.5",
        status="active",
        start_date="2024-02-01",
    )


COMPANIES = (
    three_generations,
    seat_change,
    price_rise,
    coupons,
    ends,
    unpaid,
    pauses_and_trials,
    prices,
    ways_to_history,
    late_item_and_export,
)
"""Each writes the rows of some subscriptions, one for each customer."""
