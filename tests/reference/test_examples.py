"""Worked examples of the metric definitions, for the reference and the models alike.

They hold the reference itself, so that both cannot be wrong in the same way, and name edges that chance
finds rarely.
"""

# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from tests.reference.comparison import Compiled, check
from tests.reference.models import Company, compile_models
from tests.reference.policies import Policies
from tests.reference.service import Landing
from tests.reference.totals import keep_books

pytestmark = pytest.mark.integration

Row = dict[str, Any]
AS_OF = datetime(2024, 12, 31)
RATES = tuple(
    {"currency": "EUR", "rate_on": date(2024, month, 1), "rate": Decimal("1.10" if month < 2 else "1.00")}
    for month in range(1, 13)
)


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2024, month, day, hour, minute)


def period(amount: str, start: datetime, end: datetime | None = None, **more: Any) -> Row:
    return {
        "subscription_id": "s",
        "account_id": "a",
        "currency": "USD",
        "unit_amount": Decimal(amount),
        "interval": "month",
        "period_start": start,
        "period_end": end,
        **more,
    }


T, U = {"subscription_id": "t"}, {"subscription_id": "u"}

EXAMPLES: dict[str, tuple[list[Row], list[tuple[str, str, str]]]] = {
    "service_ends_at_its_exclusive_end": (
        [period("50", at(1, 1), at(2, 1))],
        [("2024-01-01 00:00", "new", "50"), ("2024-02-01 00:00", "churn", "-50")],
    ),
    "leaves_and_returns_at_a_higher_price": (
        [period("100", at(1, 5), at(1, 20)), period("150", at(3, 5), None, **T)],
        [
            ("2024-01-05 00:00", "new", "100"),
            ("2024-01-20 00:00", "churn", "-100"),
            ("2024-03-05 00:00", "reactivation", "150"),
        ],
    ),
    "swap_at_the_same_instant": (
        [period("100", at(1, 1), at(2, 1)), period("120", at(2, 1), None, **T)],
        [("2024-01-01 00:00", "new", "100"), ("2024-02-01 00:00", "expansion", "20")],
    ),
    "swap_with_a_hole_of_minutes": (
        [period("100", at(1, 1), at(5, 2, 10)), period("120", at(5, 2, 10, 4), None, **T)],
        [("2024-01-01 00:00", "new", "100"), ("2024-05-02 10:04", "expansion", "20")],
    ),
    "both_end_within_the_window": (
        [period("100", at(1, 1), at(2, 10, 9)), period("40", at(1, 1), at(2, 10, 9, 5), **T)],
        [("2024-01-01 00:00", "new", "140"), ("2024-02-10 09:05", "churn", "-140")],
    ),
    "failed_payment_is_lost_after_the_grace": (
        [
            period("100", at(1, 1), at(3, 1)),
            period("100", at(3, 1), at(4, 15), status="past_due"),
            period("100", at(4, 15)),
        ],
        [
            ("2024-01-01 00:00", "new", "100"),
            ("2024-03-31 00:00", "churn", "-100"),
            ("2024-04-15 00:00", "reactivation", "100"),
        ],
    ),
    "renewal_overlaps": (
        [period("100", at(1, 1), at(2, 3)), period("100", at(2, 1))],
        [("2024-01-01 00:00", "new", "100")],
    ),
    "rates_fall_while_the_price_rises": (
        [
            period("100", at(1, 10), at(2, 15), currency="EUR"),
            period("150", at(2, 15), None, currency="EUR"),
        ],
        [
            ("2024-01-10 00:00", "new", "110"),
            ("2024-02-01 00:00", "fx_impact", "-10"),
            ("2024-02-15 00:00", "expansion", "50"),
        ],
    ),
    "rates_lose_more_than_the_price_gains": (
        [
            period("100", at(1, 10), at(2, 15), currency="EUR"),
            period("105", at(2, 15), None, currency="EUR"),
        ],
        [
            ("2024-01-10 00:00", "new", "110"),
            ("2024-02-01 00:00", "fx_impact", "-10"),
            ("2024-02-15 00:00", "expansion", "5"),
        ],
    ),
    "item_changes_its_currency": (
        [period("110", at(1, 10), at(2, 15)), period("100", at(2, 15), None, currency="EUR")],
        [("2024-01-10 00:00", "new", "110"), ("2024-02-15 00:00", "contraction", "-10")],
    ),
    "one_off_and_usage_beside_a_fee": (
        [
            period("50", at(1, 1)),
            period("500", at(1, 2), at(1, 3), price_kind="one_off"),
            period("80", at(2, 2), None, price_kind="usage"),
        ],
        [("2024-01-01 00:00", "new", "50")],
    ),
    "window_spans_a_month_end": (
        [period("100", at(1, 1), at(1, 31, 23, 30)), period("120", at(2, 1, 0, 30), None, **T)],
        [("2024-01-01 00:00", "new", "100"), ("2024-02-01 00:30", "expansion", "20")],
    ),
    "window_runs_from_the_change_before": (
        [
            period("100", at(1, 1), at(2, 1, 10)),
            period("30", at(2, 1, 11), None, **T),
            period("20", at(2, 1, 12), None, **U),
        ],
        [("2024-01-01 00:00", "new", "100"), ("2024-02-01 12:00", "contraction", "-50")],
    ),
    "tombstone_ends_service_when_it_was_written": (
        [
            period("100", at(1, 1), None, updated_at=at(1, 1)),
            period("100", at(1, 1), None, updated_at=at(3, 10), is_deleted=True),
        ],
        [("2024-01-01 00:00", "new", "100"), ("2024-03-10 00:00", "churn", "-100")],
    ),
    "withdrawn_before_it_began": (
        [period("100", at(1, 1)), period("60", at(6, 1), None, updated_at=at(3, 1), is_deleted=True)],
        [("2024-01-01 00:00", "new", "100")],
    ),
    "item_moves_to_another_account": (
        [period("100", at(1, 1), at(2, 1)), period("100", at(2, 1), None, account_id="b")],
        [
            ("2024-01-01 00:00", "new", "100"),
            ("2024-02-01 00:00", "merge", "-100"),
            ("2024-02-01 00:00", "merge", "100"),
        ],
    ),
    "change_at_as_of_counts_and_a_second_later_does_not": (
        [period("100", AS_OF), period("50", AS_OF + timedelta(seconds=1), None, **T)],
        [("2024-12-31 00:00", "new", "100")],
    ),
    "payment_that_fails_twice_has_one_grace": (
        [
            period("100", at(3, 1), at(3, 15), status="past_due"),
            period("100", at(3, 15), None, status="past_due"),
        ],
        [("2024-03-01 00:00", "new", "100"), ("2024-03-31 00:00", "churn", "-100")],
    ),
    "grace_ends_with_the_period": (
        [period("100", at(3, 1), at(3, 31), status="past_due", cancel_kind="voluntary")],
        [("2024-03-01 00:00", "new", "100"), ("2024-03-31 00:00", "churn", "-100")],
    ),
    "more_units_at_a_lower_price_between_two_changes": (
        [
            period("100", at(1, 1), at(2, 1, 10)),
            period("50", at(2, 1, 10), at(2, 1, 10, 40), quantity=Decimal(1)),
            period("25", at(2, 1, 10, 40), at(2, 1, 11, 20), quantity=Decimal(2)),
            period("35", at(2, 1, 11, 20), None, quantity=Decimal(2)),
        ],
        [("2024-01-01 00:00", "new", "100"), ("2024-02-01 11:20", "contraction", "-30")],
    ),
    "leap_day_annual_ends_on_its_anniversary": (
        [period("1200", at(2, 29), at(12, 31), interval="year")],
        [("2024-02-29 00:00", "new", "100"), ("2024-12-31 00:00", "churn", "-100")],
    ),
    "price_falls_to_zero_and_returns": (
        [
            period("100", at(1, 1), at(2, 1)),
            period("100", at(2, 1), at(3, 1), discount_amount=Decimal(100)),
            period("100", at(3, 1)),
        ],
        [
            ("2024-01-01 00:00", "new", "100"),
            ("2024-02-01 00:00", "churn", "-100"),
            ("2024-03-01 00:00", "reactivation", "100"),
        ],
    ),
}


@cache
def compiled(**policies: Any) -> Compiled:
    """The models, compiled once under each set of policies."""
    chosen = Policies(**policies)
    return chosen, compile_models(chosen)


@pytest.mark.parametrize("name", EXAMPLES)
def test_worked_example(name: str) -> None:
    periods, expected = EXAMPLES[name]
    landing = Landing(periods=periods, rates=RATES)
    found = [
        (f"{entry.occurred_at:%Y-%m-%d %H:%M}", entry.movement_type, entry.mrr_change)
        for entry in keep_books(landing, AS_OF, Policies()).movements
    ]
    assert found == [(instant, kind, Decimal(change)) for instant, kind, change in expected]
    check(compiled(), Company(landing, AS_OF))


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"unit_amount": Decimal("199.95"), "interval": "year"}, "16.6625"),
        ({"unit_amount": Decimal(10), "interval": "week"}, "43.3333"),
        ({"unit_amount": Decimal(1000), "interval": "year"}, "83.3333"),
        ({"unit_amount": Decimal(90), "interval": "month", "interval_count": 3}, "30"),
        ({"unit_amount": Decimal(10), "interval": "month", "discount_amount": Decimal(1)}, "9"),
        ({"unit_amount": Decimal(3600), "interval": "month", "interval_count": 36}, "100"),
    ],
)
def test_price_per_month(terms: Row, expected: str) -> None:
    landing = Landing(periods=[{**period("0", at(1, 1)), **terms}])
    (movement,) = keep_books(landing, AS_OF, Policies()).movements
    assert movement.mrr_after == Decimal(expected)
