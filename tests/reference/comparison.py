"""Compares the models with the reference on one company, and the models with their own invariants."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.reference.ledger import AccountMonth, Movement, build_ledger
from tests.reference.models import Company, Step, run_models
from tests.reference.service import Policies

KINDS = ("new", "expansion", "contraction", "churn", "reactivation")

Compiled = tuple[Policies, tuple[Step, ...]]
Rows = list[dict[str, Any]]


def check(compiled: Compiled, company: Company) -> None:
    """Run both on one company and compare; the invariants hold for the models on their own."""
    policies, steps = compiled
    movements, months = build_ledger(
        company.periods, company.accounts, company.rates, company.as_of, policies
    )
    marts = run_models(steps, company)
    found = sorted(marts["fct_mrr_movements"], key=lambda row: (row["account_id"], row["movement_number"]))
    assert [comparable_movement(row) for row in found] == [expected_movement(entry) for entry in movements]
    for row, entry in zip(found, movements, strict=True):
        assert (row["churn_kind"] in entry.churn_kinds) if entry.churn_kinds else row["churn_kind"] is None
    account_months = sorted(marts["fct_account_months"], key=lambda row: (row["account_id"], row["month"]))
    assert [comparable_month(row) for row in account_months] == [expected_month(entry) for entry in months]
    check_totals(marts["mrr_monthly"], months)
    check_items(marts["fct_mrr_movement_items"], found)
    check_invariants(found, account_months)


def comparable_movement(row: dict[str, Any]) -> tuple[Any, ...]:
    names = ("account_id", "occurred_at", "movement_type", "mrr_before", "mrr_change", "mrr_after")
    assert (row["occurred_on"], row["month"]) == (
        row["occurred_at"].date(),
        row["occurred_on"].replace(day=1),
    )
    return tuple(row[name] for name in names)


def expected_movement(entry: Movement) -> tuple[Any, ...]:
    return (
        *(entry.account_id, entry.occurred_at, entry.movement_type),
        *(entry.mrr_before, entry.mrr_change, entry.mrr_after),
    )


def comparable_month(row: dict[str, Any]) -> dict[str, Any]:
    names = ("account_id", "month", "opening_mrr", "fx_impact_mrr", "closing_mrr", "net_movement_type")
    amounts = [f"{prefix}{kind}_mrr" for prefix in ("", "net_") for kind in KINDS]
    flags = ("is_customer_at_open", "is_customer_at_close", "is_new_and_churned")
    return {name: row[name] for name in (*names, *amounts, *flags)}


def expected_month(entry: AccountMonth) -> dict[str, Any]:
    return {
        "account_id": entry.account_id,
        "month": entry.month,
        "opening_mrr": entry.opening,
        "fx_impact_mrr": entry.fx_impact,
        "closing_mrr": entry.closing,
        "net_movement_type": entry.net_type,
        **{f"{kind}_mrr": entry.events.get(kind, Decimal(0)) for kind in KINDS},
        **{f"net_{kind}_mrr": entry.net_change if kind == entry.net_type else Decimal(0) for kind in KINDS},
        "is_customer_at_open": entry.opening > 0,
        "is_customer_at_close": entry.closing > 0,
        "is_new_and_churned": entry.is_new_and_churned,
    }


def check_totals(rows: Rows, months: Sequence[AccountMonth]) -> None:
    """The total of a month is the sum of its accounts, and so is every dimension."""
    for dimension in {row["dimension"] for row in rows}:
        for month in {entry.month for entry in months}:
            of_month = [entry for entry in months if entry.month == month]
            chosen = [row for row in rows if (row["dimension"], row["month"]) == (dimension, month)]
            expected = {
                "opening_mrr": sum(entry.opening for entry in of_month),
                "closing_mrr": sum(entry.closing for entry in of_month),
                "opening_customers": sum(entry.opening > 0 for entry in of_month),
                "closing_customers": sum(entry.closing > 0 for entry in of_month),
            }
            if dimension == "all":
                expected |= {
                    "fx_impact_mrr": sum(entry.fx_impact for entry in of_month),
                    "transfer_mrr": Decimal(0),
                    **{
                        f"{kind}_mrr": sum(entry.events.get(kind, Decimal(0)) for entry in of_month)
                        for kind in KINDS
                    },
                    **{
                        f"net_{kind}_mrr": sum(e.net_change for e in of_month if e.net_type == kind)
                        for kind in KINDS
                    },
                    "new_customers": sum(entry.net_type == "new" for entry in of_month),
                    "reactivated_customers": sum(entry.net_type == "reactivation" for entry in of_month),
                    "churned_customers": sum(entry.net_type == "churn" for entry in of_month),
                }
            assert {name: sum(row[name] for row in chosen) for name in expected} == expected, (
                dimension,
                month,
            )


def check_items(items: Rows, movements: Rows) -> None:
    """The parts of an item add up to it, and the items of a movement to the movement."""
    parts = ("volume_mrr", "price_mrr", "discount_mrr", "other_mrr")
    for item in items:
        assert sum(item[part] for part in parts) == item["mrr_change"], item
    for movement in movements:
        of_movement = [item for item in items if item["movement_id"] == movement["movement_id"]]
        assert sum(item["mrr_change"] for item in of_movement) == movement["mrr_change"], movement
    without = [item for item in items if item["movement_id"] is None]
    for key in {(item["account_id"], item["occurred_at"]) for item in without}:
        assert not sum(i["mrr_change"] for i in without if (i["account_id"], i["occurred_at"]) == key), key


def check_invariants(movements: Rows, months: Rows) -> None:
    """Roll-forward, chain, and the sum of all movements."""
    for prefix in ("", "net_"):
        for row in months:
            moved = sum(row[f"{prefix}{kind}_mrr"] for kind in KINDS)
            assert row["opening_mrr"] + moved + row["fx_impact_mrr"] == row["closing_mrr"], row
    for row, following in pairwise(months):
        if row["account_id"] == following["account_id"]:
            assert row["closing_mrr"] == following["opening_mrr"]
    for account_id in {row["account_id"] for row in months}:
        of_account = [row for row in movements if row["account_id"] == account_id]
        last = [row for row in months if row["account_id"] == account_id][-1]
        assert sum(row["mrr_change"] for row in of_account) == last["closing_mrr"]
        assert [row["movement_type"] for row in of_account].count("new") == 1
