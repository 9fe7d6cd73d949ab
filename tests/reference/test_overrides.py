"""The marts after analysts correct a delivered fact; the expected values are computed by hand."""

# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from tests import compiled
from tests.compiled import Row, Step

TARGETS = (
    "_overrides",
    "churn_monthly",
    "churn_reasons_monthly",
    "fct_mrr_movements",
    "mrr_monthly",
    "unified_subscription_periods",
)
AS_OF = datetime(2024, 6, 15)
KEPT_BY = {"author": "Ann", "reason": "by phone"}

ACCOUNTS = [{"account_id": name} for name in ("a", "b")]
PERIODS = [
    # `a` pays 100 and leaves on 1 April. `b` pays 40 and stays, and later adds 10 under another id.
    {
        **{"subscription_id": "a1", "account_id": "a", "unit_amount": 100},
        **{"period_start": datetime(2024, 1, 1), "period_end": datetime(2024, 4, 1)},
        **{
            "cancel_requested_at": datetime(2024, 3, 20),
            "cancel_kind": "voluntary",
            "cancel_reason": "price",
        },
    },
    {"subscription_id": "b1", "account_id": "b", "unit_amount": 40, "period_start": datetime(2024, 1, 1)},
    {"subscription_id": "b2", "account_id": "b", "unit_amount": 10, "period_start": datetime(2024, 2, 1)},
]


@cache
def _steps() -> tuple[Step, ...]:
    return compiled.compile_models({}, TARGETS)


def _marts(*added: Row, **seeds: Sequence[Mapping[str, Any]]) -> dict[str, list[Row]]:
    periods = [{"currency": "USD", "interval": "month", **period} for period in (*PERIODS, *added)]
    rows = {name: [{**KEPT_BY, **row} for row in given] for name, given in seeds.items()}
    landing = {"accounts": ACCOUNTS, "subscription_periods": periods}
    return compiled.run_models(_steps(), landing, AS_OF, TARGETS, seeds=rows)


def _closing(marts: Mapping[str, list[Row]]) -> list[Decimal]:
    """Closing MRR of January to June."""
    total = [row for row in marts["mrr_monthly"] if row["dimension"] == "all"]
    return [row["closing_mrr"] for row in sorted(total, key=lambda row: row["month"])]


def _churn(marts: Mapping[str, list[Row]]) -> list[tuple[date, str, str, int, Decimal | int]]:
    columns = ("month", "churn_kind", "churn_reason", "customers", "mrr")
    return sorted(tuple(row[column] for column in columns) for row in marts["churn_reasons_monthly"])


def _outcome(marts: Mapping[str, list[Row]]) -> list[tuple[str, str, int]]:
    rows = ((row["override_id"], row["status"], row["rows_changed"]) for row in marts["_overrides"])
    return sorted(rows)


def test_without_overrides_the_marts_show_delivered_values() -> None:
    marts = _marts()
    assert _closing(marts) == [140, 150, 150, 50, 50, 50]
    assert _churn(marts) == [(date(2024, 4, 1), "voluntary", "price", 1, -100)]
    assert marts["_overrides"] == []


def test_earlier_cancellation_moves_churn_with_its_reason() -> None:
    marts = _marts(overrides_cancellations=[{"subscription_id": "a1", "cancelled_at": datetime(2024, 2, 10)}])
    assert _closing(marts) == [140, 50, 50, 50, 50, 50]
    assert _churn(marts) == [(date(2024, 2, 1), "voluntary", "price", 1, -100)]
    assert _outcome(marts) == [("cancellation:a1", "applied", 1)]


def test_later_cancellation_keeps_the_customer_until_then() -> None:
    marts = _marts(overrides_cancellations=[{"subscription_id": "a1", "cancelled_at": datetime(2024, 5, 10)}])
    assert _closing(marts) == [140, 150, 150, 150, 50, 50]
    assert _churn(marts) == [(date(2024, 5, 1), "voluntary", "price", 1, -100)]


def test_cancellation_before_the_start_removes_the_service() -> None:
    marts = _marts(overrides_cancellations=[{"subscription_id": "a1", "cancelled_at": datetime(2024, 1, 1)}])
    assert _closing(marts) == [40, 50, 50, 50, 50, 50]
    assert _churn(marts) == []


def test_override_applies_until_its_expiry() -> None:
    row = {"subscription_id": "a1", "cancelled_at": datetime(2024, 2, 10)}
    lives = _marts(overrides_cancellations=[{**row, "expires_on": date(2024, 6, 16)}])
    assert _closing(lives) == [140, 50, 50, 50, 50, 50]
    expired = _marts(overrides_cancellations=[{**row, "expires_on": date(2024, 6, 15)}])
    assert _closing(expired) == [140, 150, 150, 50, 50, 50]
    assert _outcome(expired) == [("cancellation:a1", "expired", 0)]


def test_internal_account_is_removed_from_every_month() -> None:
    marts = _marts(overrides_accounts=[{"account_id": "a", "is_internal": True}])
    assert _closing(marts) == [40, 50, 50, 50, 50, 50]
    assert _churn(marts) == []
    assert _outcome(marts) == [("account:a", "applied", 1)]


def test_churn_override_sets_kind_and_reason() -> None:
    found = {"subscription_id": "a1", "churn_kind": "involuntary", "churn_reason": "Card_Expired"}
    marts = _marts(overrides_churn_reasons=[found])
    assert _closing(marts) == [140, 150, 150, 50, 50, 50]
    assert _churn(marts) == [(date(2024, 4, 1), "involuntary", "card_expired", 1, -100)]
    total = {row["month"]: row for row in marts["churn_monthly"] if row["dimension"] == "all"}
    april = total[date(2024, 4, 1)]
    assert (april["involuntary_customers"], april["voluntary_customers"]) == (1, 0)
    assert _outcome(marts) == [("churn_reason:a1", "applied", 1)]


def test_link_affects_only_its_subscription() -> None:
    marts = _marts(
        overrides_subscription_links=[
            {"subscription_id": "b2", "replaces_subscription_id": "b1"},
            {"subscription_id": "b1", "replaces_subscription_id": "a1"},
            {"subscription_id": "gone", "replaces_subscription_id": "a1"},
        ]
    )
    replaced = {
        row["subscription_id"]: row["replaces_subscription_id"]
        for row in marts["unified_subscription_periods"]
    }
    assert replaced == {"a1": None, "b1": None, "b2": "b1"}
    assert _outcome(marts) == [
        ("subscription_link:b1", "no effect", 0),
        ("subscription_link:b2", "applied", 1),
        ("subscription_link:gone", "no such subscription", 0),
    ]


def test_linked_subscription_causes_no_churn_and_no_reactivation() -> None:
    back = {
        "subscription_id": "a2",
        "account_id": "a",
        "unit_amount": 120,
        "period_start": datetime(2024, 5, 10),
    }
    apart = _marts(back)
    assert _closing(apart) == [140, 150, 150, 50, 170, 170]
    assert _churn(apart) == [(date(2024, 4, 1), "voluntary", "price", 1, -100)]
    linked = _marts(
        back, overrides_subscription_links=[{"subscription_id": "a2", "replaces_subscription_id": "a1"}]
    )
    assert _closing(linked) == [140, 150, 150, 150, 170, 170]
    assert _churn(linked) == []
    moves = [row for row in linked["fct_mrr_movements"] if row["account_id"] == "a"]
    assert sorted((move["movement_type"], move["mrr_change"]) for move in moves) == [
        ("expansion", 20),
        ("new", 100),
    ]
    assert _outcome(linked) == [("subscription_link:a2", "applied", 1)]


def test_circular_link_stops_the_run_before_the_marts() -> None:
    delivered: Row = {"subscription_id": "b3", "replaces_subscription_id": "b1", "account_id": "b"}
    delivered |= {"unit_amount": 10, "period_start": datetime(2024, 3, 1)}
    link = {"subscription_id": "b1", "replaces_subscription_id": "b3"}
    problem = "'overrides_subscription_links', 'b1', 'it continues b3, which continues b1: a circle'"
    with pytest.raises(AssertionError, match=f"overrides_close_no_circle finds .*{problem}"):
        _marts(delivered, overrides_subscription_links=[link])
    # dbt skips the descendants of a model that fails a test.
    nodes = compiled.parsed_nodes()
    (tested,) = nodes["test.csw.overrides_close_no_circle"][0]["nodes"]
    assert tested in _made_of(nodes, "model.csw._overrides")
    assert tested in _made_of(nodes, "model.csw.fct_mrr_movements")


def _made_of(nodes: Mapping[str, Any], name: str) -> set[str]:
    found: set[str] = set()
    parents = {name}
    while parents:
        found |= parents
        parents = {up for one in parents & nodes.keys() for up in nodes[one][0].get("nodes", ())} - found
    return found
