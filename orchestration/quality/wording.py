"""Turn answers into results with figures that people can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orchestration.quality.report import CheckResult, Outcome
from orchestration.quality.suites import ROWS_QUERY, UNIQUENESS, Expectation

if TYPE_CHECKING:
    from orchestration.quality.gx_duckdb import Answer


def result_of(mart: str, expectation: Expectation, answer: Answer) -> CheckResult:
    """One answer as a check result; its message is one line without row values."""
    outcome: Outcome = "raised" if answer.error is not None else "passed" if answer.success else "failed"
    expected = _expected(expectation)
    observed = None if outcome == "raised" else _observed(expectation, answer)
    where = f"marts.{mart}: {expectation.name}"
    if outcome == "raised":
        message = f"{where} could not be evaluated: {answer.error}"
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
    match expectation.type:
        case "expect_table_row_count_to_be_between":
            return f"{_bounds(kwargs)} rows"
        case "expect_table_row_count_to_equal":
            return f"{kwargs['value']} rows"
        case "expect_table_columns_to_match_set":
            exactly = "exactly " if kwargs.get("exact_match", True) else ""
            return f"{exactly}the {len(kwargs['column_set'])} columns of the contract"
        case "expect_column_values_to_not_be_null":
            return f"no null in {column}{_mostly(kwargs)}"
        case "expect_column_values_to_be_null":
            return f"nothing but nulls in {column}{_mostly(kwargs)}"
        case "expect_column_values_to_be_unique":
            return f"each {column} once"
        case "expect_compound_columns_to_be_unique":
            return f"each ({', '.join(kwargs['column_list'])}) once"
        case "expect_column_values_to_be_in_set":
            return f"{column} in ({', '.join(map(str, kwargs['value_set']))}){_mostly(kwargs)}"
        case "expect_column_values_to_be_between":
            return f"{column} {_bounds(kwargs)}{_mostly(kwargs)}"
        case "expect_column_pair_values_a_to_be_greater_than_b":
            sign = ">=" if kwargs.get("or_equal") else ">"
            return f"{kwargs['column_A']} {sign} {kwargs['column_B']}{_mostly(kwargs)}"
        case _:  # a rows query
            return "0"


def _observed(expectation: Expectation, answer: Answer) -> str | None:
    figures = answer.figures
    if expectation.type == "expect_table_columns_to_match_set":
        missing, extra = figures.get("missing") or [], figures.get("unexpected") or []
        parts = [f"missing: {', '.join(missing)}"] if missing else []
        # Columns beyond the contract are named only where they are not welcome.
        if extra and expectation.kwargs.get("exact_match", True):
            parts.append(f"not in the contract: {', '.join(extra)}")
        return "; ".join(parts) or "all there"
    if expectation.type == ROWS_QUERY:
        count = figures.get("observed_value", 0)
        return f"{_rows(count)} break it" if count != 1 else "1 row breaks it"
    if expectation.type in UNIQUENESS:
        count = figures.get("observed_value", 0)
        return f"{count} keys occur more than once" if count != 1 else "1 key occurs more than once"
    if "unexpected_count" in figures:
        return f"{figures['unexpected_count']} of {_rows(figures.get('element_count', 0))} break it"
    if "observed_value" in figures:
        return _rows(figures["observed_value"])
    return "0 rows break it" if answer.success else None


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _bounds(kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is not None and high is not None:
        return f"between {low} and {high}"
    if low is not None:
        return f"{'more than' if kwargs.get('strict_min') else 'at least'} {low}"
    return f"{'less than' if kwargs.get('strict_max') else 'at most'} {high}"


def _mostly(kwargs: Mapping[str, Any]) -> str:
    share = kwargs.get("mostly")
    return "" if share is None else f" in at least {share:.1%} of the rows"
