"""Evaluates the expectations of a mart with Great Expectations, on the engine of its batch.

Only an audit imports this module, because the import of Great Expectations takes seconds.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import great_expectations as gx
from great_expectations.data_context.data_context.context_factory import project_manager
from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.registry import get_expectation_impl

from orchestration.core.database import quote_identifier
from orchestration.quality.expectations import ROWS_QUERY, UNIQUE, Expectation
from orchestration.spark.reasons import reason_without_data

_MAP_EXPECTATIONS = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)

# Kinds of DuckDB errors whose text quotes data.
_DATA_ERRORS = {"Conversion", "Input", "Range", "Type", "Constraint"}
_COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0, "exclude_unexpected_values": True}


class UnexpectedRowsCount(UnexpectedRowsExpectation):
    """Counts the unexpected rows with one query, and does not fetch them."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        count = metrics["unexpected_rows_query.row_count"]
        return {"success": count == 0, "result": {"observed_value": count}}


@dataclass(frozen=True)
class ExpectationResult:
    """The result of Great Expectations for one expectation."""

    success: bool
    counts: dict[str, Any]
    """`observed_value`, or `unexpected_count` of `element_count`."""
    error: str | None = None
    """Why the expectation could not be evaluated; None if it was."""


@dataclass(frozen=True)
class Engine:
    """Evaluates expectations on the marts of an engine."""

    batch: Callable[[str], Batch]
    """Returns the rows of a mart."""
    query: Callable[[str], str] = str
    """Translates the query of a check from DuckDB's SQL."""

    def validate(self, mart: str, expectations: Sequence[Expectation]) -> dict[str, ExpectationResult]:
        """Evaluate the expectations of one mart, and return results by name.

        Evaluates map expectations without counts first, with one query for all of them. Evaluates those that
        fail again, for their counts.
        """
        results: dict[str, ExpectationResult] = {}
        maps: list[Expectation] = []
        others: list[Expectation] = []
        for expectation in expectations:
            is_map = expectation.type != UNIQUE and issubclass(
                get_expectation_impl(expectation.type), _MAP_EXPECTATIONS
            )
            (maps if is_map else others).append(expectation)
        try:
            batch = self.batch(mart)
        except Exception as error:  # for instance a broken view, whose checks cannot be evaluated
            return dict.fromkeys((expectation.name for expectation in expectations), _not_evaluated(error))
        validated = partial(_validate, batch, self.query)
        results |= validated(others, _COUNTS)
        results |= validated(maps, {"result_format": "BOOLEAN_ONLY"})
        failed = [
            expectation
            for expectation in maps
            if (result := results.get(expectation.name)) and not result.success and result.error is None
        ]
        return results | validated(failed, _COUNTS)


@contextmanager
def quiet_context() -> Iterator[EphemeralDataContext]:
    """Open a context of Great Expectations that leaves no files, shows no progress, and warns of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        try:
            yield context
        finally:
            project_manager.set_project(None)


def _validate(
    batch: Batch,
    query: Callable[[str], str],
    expectations: Sequence[Expectation],
    result_format: dict[str, Any],
) -> dict[str, ExpectationResult]:
    results: dict[str, ExpectationResult] = {}
    built = []
    for expectation in expectations:
        try:
            built.append(_build(expectation, query))
        except Exception as error:  # the expectation was not evaluated, for any reason
            results[expectation.name] = _not_evaluated(error)
    if built:
        suite = gx.ExpectationSuite(name=str(batch.id), expectations=built)
        for result in batch.validate(suite, result_format=result_format).results:
            # Optional only in the type: each result of a suite has a configuration.
            configuration: Any = result.expectation_config
            results[configuration.meta["check"]] = _result(result)
    return results


def _build(expectation: Expectation, query: Callable[[str], str]) -> Any:
    implementation = get_expectation_impl(expectation.type)
    kwargs = dict(expectation.kwargs)
    if expectation.type == UNIQUE:
        # One hash aggregate over the keys. The package's own query joins it to all rows again.
        kwargs = {"unexpected_rows_query": _repeated_keys(**kwargs)}
    if expectation.type in (UNIQUE, ROWS_QUERY):
        implementation = UnexpectedRowsCount
        kwargs = {"unexpected_rows_query": query(kwargs["unexpected_rows_query"])}
    return implementation(
        **kwargs,
        meta={"check": expectation.name},
        severity=FailureSeverity.CRITICAL if expectation.severity == "error" else FailureSeverity.WARNING,
    )


def _repeated_keys(column_list: Sequence[str], row_condition: str = "true") -> str:
    """Return the query for keys that occur more than once."""
    names = ", ".join(quote_identifier(column) for column in column_list)
    return f"select 1 from {{batch}} where {row_condition} group by {names} having count(*) > 1"


def _result(result: Any) -> ExpectationResult:
    error = _exception(result.exception_info)
    if error is not None:
        return ExpectationResult(success=False, counts={}, error=error)
    found = result.result or {}
    names = ("observed_value", "unexpected_count", "element_count")
    counts = {name: found[name] for name in names if name in found}
    return ExpectationResult(success=bool(result.success), counts=counts)


def _exception(info: Any) -> str | None:
    """Return the first exception of a result, which has one record, or one per metric."""
    if not info:
        return None
    records = [info] if "raised_exception" in info else list(info.values())
    for record in records:
        if record.get("raised_exception"):
            return _reason(str(record.get("exception_message")))
    return None


def _not_evaluated(error: Exception) -> ExpectationResult:
    return ExpectationResult(success=False, counts={}, error=_reason(str(error)))


def _reason(text: str) -> str:
    """Return the first line of an error without values of rows, which some errors quote."""
    if spark := reason_without_data(text):
        return spark
    line = next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")
    words = line.partition("Error:")[0].split()
    if "Error:" in line and words and words[-1] in _DATA_ERRORS:
        return f"{' '.join(words)} Error (details left out: they quote data)"
    return line[:300]
