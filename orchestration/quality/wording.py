"""Turns results of Great Expectations into check results with readable counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orchestration.quality.expectations import (
    BETWEEN,
    IN_SET,
    NOT_NULL,
    ROW_COUNT,
    ROWS_QUERY,
    UNIQUE,
    Expectation,
)
from orchestration.quality.report import CheckResult, Outcome

if TYPE_CHECKING:
    from orchestration.quality.validation import ExpectationResult


def result_of(mart: str, expectation: Expectation, result: ExpectationResult) -> CheckResult:
    """Return a check result. Its message is one line without values of rows."""
    outcome: Outcome = "error" if result.error is not None else "passed" if result.success else "failed"
    expected = _expected(expectation)
    observed = None if outcome == "error" else _observed(expectation, result)
    where = f"marts.{mart}: {expectation.name}"
    if outcome == "error":
        message = f"{where} could not be evaluated: {result.error}"
    elif outcome == "passed":
        message = f"{where} passed"
    else:
        verdict = "failed" if expectation.severity == "error" else "failed (warning only)"
        message = f"{where} {verdict}: {observed}, expected {expected}"
        if expectation.description:
            message += f" ({expectation.description})"
    return CheckResult(
        mart=mart,
        check=expectation.name,
        severity=expectation.severity,
        outcome=outcome,
        expected=expected,
        observed=observed,
        message=message,
    )


def _expected(expectation: Expectation) -> str:
    kwargs = expectation.kwargs
    column = kwargs.get("column", "")
    if expectation.type == ROW_COUNT:
        return f"{_bounds(kwargs)} rows"
    if expectation.type == "expect_table_row_count_to_equal":
        return f"{kwargs['value']} rows"
    if expectation.type == NOT_NULL:
        return f"no null in {column}"
    if expectation.type == UNIQUE:
        columns = kwargs["column_list"]
        key = f"({', '.join(columns)})"
        return f"each {columns[0] if len(columns) == 1 else key} once"
    if expectation.type == IN_SET:
        return f"{column} in ({', '.join(map(str, kwargs['value_set']))})"
    if expectation.type == BETWEEN:
        return f"{column} {_bounds(kwargs)}"
    if expectation.type == "expect_column_pair_values_a_to_be_greater_than_b":
        sign = ">=" if kwargs.get("or_equal") else ">"
        return f"{kwargs['column_A']} {sign} {kwargs['column_B']}{_mostly(kwargs)}"
    return "0"  # a rows query


def _observed(expectation: Expectation, result: ExpectationResult) -> str | None:
    counts = result.counts
    if expectation.type == ROWS_QUERY:
        count = counts.get("observed_value", 0)
        return f"{_rows(count)} break it" if count != 1 else "1 row breaks it"
    if expectation.type == UNIQUE:
        count = counts.get("observed_value", 0)
        return f"{count} keys occur more than once" if count != 1 else "1 key occurs more than once"
    if "unexpected_count" in counts:
        return f"{counts['unexpected_count']} of {_rows(counts.get('element_count', 0))} break it"
    if "observed_value" in counts:
        return _rows(counts["observed_value"])
    return "0 rows break it" if result.success else None


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _bounds(kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    more = "more than" if kwargs.get("strict_min") else "at least"
    less = "less than" if kwargs.get("strict_max") else "at most"
    if low is not None and high is not None:
        is_strict = kwargs.get("strict_min") or kwargs.get("strict_max")
        return f"{more} {low} and {less} {high}" if is_strict else f"between {low} and {high}"
    return f"{more} {low}" if low is not None else f"{less} {high}"


def _mostly(kwargs: Mapping[str, Any]) -> str:
    share = kwargs.get("mostly")
    return "" if share is None else f" in at least {share:.1%} of the rows"
