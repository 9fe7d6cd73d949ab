"""Compares the models with the reference on one company, and checks the invariants of the models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any

from tests.compiled import Row, Step, project_models
from tests.reference.entries import KINDS, Movement, money
from tests.reference.models import Company, run_models
from tests.reference.policies import Policies
from tests.reference.totals import keep_books

Compiled = tuple[Policies, tuple[Step, ...]]
Marts = Mapping[str, list[Row]]

MOVEMENT = (
    *("account_id", "occurred_at", "occurred_on", "month", "movement_type", "movement_subtype"),
    *("mrr_before", "mrr_change", "mrr_after", "churn_kind", "churn_reason"),
)
NOT_IN_MARTS = {"net_kinds", "transferred_customers"}
"""Columns of an account-month that only the totals need."""


def check(compiled: Compiled, company: Company) -> None:
    """Run the models on one company and compare."""
    policies, steps = compiled
    check_marts(policies, company, run_models(steps, company))


def check_marts(policies: Policies, company: Company, marts: Marts) -> None:
    """Compare the marts of a company with the reference, and check the invariants of the marts."""
    books = keep_books(company.landing, company.as_of, policies)
    movements = sorted(
        marts["fct_mrr_movements"], key=lambda row: (row["account_id"], row["movement_number"])
    )
    assert len({_movement_key(row) for row in movements}) == len(movements)
    check_rows(
        "fct_mrr_movements",
        {_movement_key(row): row for row in map(movement_row, books.movements)},
        {_movement_key(row): row for row in movements},
    )
    account_months = {(row["account_id"], row["month"]): row for row in marts["fct_account_months"]}
    expected = {key: leave_out(row, NOT_IN_MARTS) for key, row in books.account_months.items()}
    check_rows("fct_account_months", expected, account_months)
    check_totals("mrr_monthly", books.mrr, of_all(marts["mrr_monthly"], "month"))
    check_totals("churn_monthly", books.churn, of_all(marts["churn_monthly"], "month"))
    retention = of_all(marts["retention_monthly"], "month", "window_months")
    check_totals("retention_monthly", books.retention, retention)
    check_items(marts["fct_mrr_movement_items"], movements, books.movements, books.still)
    check_invariants(movements, sorted(account_months.values(), key=lambda r: (r["account_id"], r["month"])))


# ------------------------------------------------------------------------------------------------------ rows
def movement_row(entry: Movement) -> Row:
    row = {name: getattr(entry, name) for name in MOVEMENT}
    # For a revaluation or an opening balance, the items themselves show the number of changes.
    return row | ({"change_count": entry.change_count} if entry.change_count else {})


def _movement_key(row: Row) -> tuple[Any, ...]:
    return row["account_id"], row["occurred_at"], row["movement_type"]


def check_rows(mart: str, expected: Mapping[Any, Row], found: Mapping[Any, Row]) -> None:
    """Check that both have the same rows, with equal values in every column of the model."""
    surplus = [found[key] for key in found.keys() - expected.keys()]
    lacking = [expected[key] for key in expected.keys() - found.keys()]
    assert not surplus, (mart, "surplus", surplus, "lacking", lacking)
    assert not lacking, (mart, "lacking", lacking)
    for key, row in expected.items():
        differing = differences(comparable(mart, found[key], row), comparable(mart, row, row))
        assert not differing, (mart, key, differing)


def check_totals(mart: str, expected: Mapping[Any, Row], found: Mapping[Any, Row]) -> None:
    """Check that both have the same rows. An empty total may be missing, and its zeros may be nulls."""
    for key in expected.keys() | found.keys():
        row = expected.get(key) or dict.fromkeys(next(iter(expected.values()), {}), None)
        has = {name: found.get(key, {}).get(name) or None for name in row}
        wanted = {name: value or None for name, value in row.items()}
        differing = differences(comparable(mart, has, row), comparable(mart, wanted, row))
        assert not differing, (mart, key, differing)


def comparable(mart: str, row: Row, names: Iterable[str]) -> Row:
    columns = model_columns(mart)
    return {name: _rounded(row[name]) for name in names if name in columns}


def differences(found: Row, expected: Row) -> dict[str, str]:
    """Columns that differ, as `found, expected ...`."""
    return {
        name: f"{found[name]}, expected {value}" for name, value in expected.items() if found[name] != value
    }


def _rounded(value: Any) -> Any:
    """Round rates, which are doubles: their last bits are not part of the definition."""
    return round(value, 12) if isinstance(value, float) else value


@cache
def model_columns(mart: str) -> frozenset[str]:
    return frozenset(project_models()[mart])


def of_all(rows: Iterable[Row], *names: str) -> dict[Any, Row]:
    """The rows of the total, by month or by more columns."""
    chosen = [row for row in rows if row["dimension"] == "all"]
    return {row[names[0]] if len(names) == 1 else tuple(row[name] for name in names): row for row in chosen}


def leave_out(row: Row, names: Iterable[str]) -> Row:
    return {name: value for name, value in row.items() if name not in names}


# ----------------------------------------------------------------------------------------------------- items
def check_items(
    items: Sequence[Row], movements: Sequence[Row], booked: Sequence[Movement], still: Sequence[Movement]
) -> None:
    """Check every item of every movement, and that the parts of each item add up to it exactly."""
    ids = {row["movement_id"]: number for number, row in enumerate(movements)}
    found = {}
    for row in items:
        parts = {name: row[f"{name}_mrr"] for name in ("volume", "price", "discount", "other")}
        assert sum(parts.values()) == row["mrr_change"], row
        if row["mrr_change"]:
            whose = ids[row["movement_id"]] if row["movement_id"] else (row["account_id"], row["occurred_at"])
            key = (whose, row["subscription_id"], row["item_id"], row["currency"])
            assert key not in found, key
            found[key] = parts | {"mrr_change": row["mrr_change"]}
    zero = dict.fromkeys(("volume", "price", "discount", "other", "mrr_change"), Decimal(0))
    wanted: dict[Any, Row] = {}
    for number, entry in [*enumerate(booked), *((None, entry) for entry in still)]:
        whose = number if number is not None else (entry.account_id, entry.occurred_at)
        for (item, currency), values in entry.items.items():
            parts = {name: money(values[name]) for name in ("volume", "price", "discount")}
            change = money(values["mrr_change"])
            parts["other"] = change - sum(parts.values())
            # The ledger has a row for each lane, and the mart shows one item.
            shown = wanted.setdefault((whose, *item[:2], currency), dict.fromkeys(zero, Decimal(0)))
            for name, amount in (parts | {"mrr_change": change}).items():
                shown[name] += amount if change else 0
    moved = {key: row for key, row in wanted.items() if row["mrr_change"]}
    for key in moved.keys() | found.keys():
        has, wants = found.get(key, zero), moved.get(key, zero)
        differing = differences(has, wants)
        assert not differing, ("fct_mrr_movement_items", key, differing)


# ------------------------------------------------------------------------------------------------ invariants
def check_invariants(movements: Sequence[Row], months: Sequence[Row]) -> None:
    """Check the roll-forward, the chain and the sum of all movements."""
    for prefix in ("", "net_"):
        for row in months:
            moved = sum(row[f"{prefix}{kind}_mrr"] for kind in KINDS) + row.get("transfer_mrr", 0)
            assert row["opening_mrr"] + moved + row["fx_impact_mrr"] == row["closing_mrr"], row
    for row, following in pairwise(months):
        if row["account_id"] == following["account_id"]:
            assert row["closing_mrr"] == following["opening_mrr"]
    for account_id in {row["account_id"] for row in months}:
        of_account = [row for row in movements if row["account_id"] == account_id]
        last = [row for row in months if row["account_id"] == account_id][-1]
        assert sum(row["mrr_change"] for row in of_account) == last["closing_mrr"]
        assert [row["movement_number"] for row in of_account] == list(range(1, len(of_account) + 1))
