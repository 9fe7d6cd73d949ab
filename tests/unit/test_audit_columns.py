"""Compares columns of a mart with its contract: names, types by any of their names, and order."""

from __future__ import annotations

import pytest

from orchestration.quality.columns import evaluate_columns
from orchestration.quality.expectations import COLUMNS, Expectation

DECLARED = [("id", "text"), ("amount", "decimal(18, 4)"), ("on_day", "date")]
FOUND = [("id", "VARCHAR"), ("amount", "DECIMAL(18,4)"), ("on_day", "DATE")]


@pytest.mark.parametrize(
    ("found", "observed"),
    [
        (FOUND, None),
        (FOUND[:2], "missing: on_day"),
        ([*FOUND, ("secret", "VARCHAR")], "not in the contract: secret"),
        ([*FOUND[:2], ("on_day", "TIMESTAMP")], "of another type: on_day is TIMESTAMP, not date"),
        (
            [("id", "VARCHAR"), ("amount", "DECIMAL(18,2)"), FOUND[2]],
            "of another type: amount is DECIMAL(18,2), not decimal(18, 4)",
        ),
        (FOUND[::-1], "in another order"),
        ([FOUND[2], ("x", "DATE"), FOUND[0]], "missing: amount; not in the contract: x; in another order"),
    ],
)
def test_columns_are_compared_with_the_contract(found: list[tuple[str, str]], observed: str | None) -> None:
    result = evaluate_columns("m", Expectation("has_contract_columns", COLUMNS, {"columns": DECLARED}), found)
    assert result.outcome == ("failed" if observed else "passed")
    assert result.observed == (observed or "all there")
    if observed:
        assert result.message == (
            f"marts.m: has_contract_columns failed: {result.observed}, expected the 3 columns of the contract"
        )


def test_a_column_without_a_declared_type_is_compared_by_its_name() -> None:
    expectation = Expectation("has_contract_columns", COLUMNS, {"columns": [("id", "")]})
    assert evaluate_columns("m", expectation, [("id", "UUID")]).outcome == "passed"


def test_a_type_that_duckdb_does_not_know_is_another_type() -> None:
    expectation = Expectation("has_contract_columns", COLUMNS, {"columns": [("id", "nonsense")]})
    assert evaluate_columns("m", expectation, [("id", "UUID")]).outcome == "failed"
