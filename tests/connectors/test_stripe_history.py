"""Companies of one subscription each, as Stripe delivers them, and the periods that must come of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.stripe_companies import COMPANIES
from tests.connectors.stripe_rows import StripeRows, build, exceptions, periods

PERIOD = ("period_start", "period_end", "unit_amount", "quantity")
STATE = ("period_start", "period_end", "status")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The periods of all subscriptions, built once."""
    raw = StripeRows()
    for write in COMPANIES:
        write(raw)
    return build(raw, tmp_path_factory.mktemp("stripe"))


def test_three_generations_of_the_api_are_one_history(warehouse: Path) -> None:
    assert periods(warehouse, "gens", *PERIOD) == [
        ("01-01", "04-01", 10, 1),
        ("04-01", None, 10, 2),
    ]


@pytest.mark.parametrize("name", ["seats_lines", "seats_deliveries"])
def test_a_seat_change_begins_with_its_proration(warehouse: Path, name: str) -> None:
    assert periods(warehouse, name, *PERIOD) == [("01-01", "02-10", 10, 5), ("02-10", None, 10, 8)]


def test_a_new_price_of_the_same_product_begins_with_the_billing_period(warehouse: Path) -> None:
    assert periods(warehouse, "rise", *PERIOD[:3], "plan_id", "currency", "history_source") == [
        ("03-01", "03-01", 1200, "prod", "EUR", "snapshot"),
        ("03-01", None, 1320, "prod", "EUR", "deliveries"),
    ]


def test_a_repeating_coupon_splits_the_period_where_it_ends(warehouse: Path) -> None:
    columns = ("period_start", "period_end", "discount_amount", "discount_kind")
    assert periods(warehouse, "coupon", *columns) == [
        ("01-01", "04-01", 20, "repeating"),
        ("04-01", None, 0, None),
    ]
    assert periods(warehouse, "once", *columns) == [("01-01", "02-01", 25, "once"), ("02-01", None, 0, None)]
    assert periods(warehouse, "of_customer", *columns) == [("01-01", None, 10, "forever")]
    assert [row[2] for row in periods(warehouse, "spread", *columns)] == [10, 5]


@pytest.mark.parametrize(
    ("name", "end"),
    [("kept", "07-01"), ("refunded", "06-10"), ("credited", "06-10"), ("unpaid_month", "06-10")],
)
def test_who_cancels_at_once_keeps_only_what_stays_paid(warehouse: Path, name: str, end: str) -> None:
    columns = ("period_end", "cancel_requested_at", "cancel_effective_at", "cancel_kind")
    assert periods(warehouse, name, *columns)[-1] == (end, "06-10", "06-10", "voluntary")


def test_a_request_ends_the_subscription_unless_it_is_withdrawn(warehouse: Path) -> None:
    columns = ("period_start", "period_end", "cancel_requested_at")
    assert periods(warehouse, "at_period_end", *columns) == [("01-01", "07-01", "06-03")]
    assert periods(warehouse, "withdrawn", *columns) == [("01-01", None, None)]


def test_events_date_a_failure_to_pay(warehouse: Path) -> None:
    assert periods(warehouse, "failing", *STATE, "cancel_kind") == [
        ("01-01", "03-01 00:10", "active", None),
        ("03-01 00:10", "03-22 09:00", "past_due", None),
        ("03-22 09:00", "04-05", "unpaid", "involuntary"),
    ]


def test_paused_collection_and_trials_are_states(warehouse: Path) -> None:
    assert periods(warehouse, "paused", *STATE) == [
        ("01-01", "03-15", "active"),
        ("03-15", "05-01", "paused"),
        ("05-01", None, "active"),
    ]
    assert periods(warehouse, "trial", *STATE) == [
        ("01-01", "01-15 08:00", "trialing"),
        ("01-15 08:00", None, "active"),
    ]


def test_records_that_count_nowhere_are_named(warehouse: Path) -> None:
    assert periods(warehouse, "never_paid", "status") == periods(warehouse, "test", "status") == []
    assert exceptions(warehouse) == {
        ("subscriptions", "never_paid", "not_paid"),
        ("subscriptions", "test", "test_mode"),
        ("subscription_items", "si_unknown_price", "price_unknown"),
    }


def test_prices_are_in_major_units_of_their_currency(warehouse: Path) -> None:
    assert periods(warehouse, "jpy", "unit_amount") == [(5000,)]
    assert periods(warehouse, "kwd", "unit_amount") == [(1.2505,)]
    assert periods(warehouse, "other_currency", "unit_amount", "currency")[-1] == (11, "USD")


def test_items_have_intervals_and_kinds_of_their_own(warehouse: Path) -> None:
    assert periods(warehouse, "intervals", "item_id", "unit_amount", "interval_unit") == [
        ("si_a_month", 100, "month"),
        ("si_b_year", 600, "year"),
    ]
    kinds = periods(warehouse, "kinds", "item_id", "price_kind", "unit_amount", "quantity", "period_start")
    assert kinds == [
        ("il_setup", "one_off", 99, 1, "01-03"),
        ("si_a_tiers", "recurring", 8.33333333, 15, "01-01"),
        ("si_b_pack", "recurring", 30, 3, "01-01"),
        ("si_c_meter", "usage", 0.02, 300, "05-01"),
    ]


@pytest.mark.parametrize("name", ["by_loader", "by_deliveries", "by_files", "by_lines"])
def test_every_way_to_history_leads_to_the_same_periods(warehouse: Path, name: str) -> None:
    assert periods(warehouse, name, *PERIOD, "status", "discount_amount") == [
        ("01-01", "04-01", 50, 1, "active", 0),
        ("04-01", None, 50, 2, "active", 0),
    ]


def test_an_item_serves_from_its_creation_until_a_list_lacks_it(warehouse: Path) -> None:
    assert periods(warehouse, "joined", "item_id", *PERIOD) == [
        ("si_joined", "01-01", None, 100, 1),
        ("si_later", "06-10", "06-20", 50, 1),
    ]


def test_the_dashboard_export_is_a_snapshot(warehouse: Path) -> None:
    columns = (*PERIOD, "interval_unit", "plan_id", "history_source")
    assert periods(warehouse, "exported", *columns) == [("02-01", None, 120.5, 3, "year", "Gold", "snapshot")]
