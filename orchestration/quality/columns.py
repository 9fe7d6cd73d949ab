"""Compares a mart's columns with its contract. Great Expectations does not know DuckDB's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import duckdb

from orchestration.core.database import connect
from orchestration.quality.expectations import Expectation
from orchestration.quality.report import CheckResult


def evaluate_columns(mart: str, expectation: Expectation, columns: Sequence[tuple[str, str]]) -> CheckResult:
    """Compare the names, types and order of a mart's columns with its contract."""
    declared: Mapping[str, str] = dict(expectation.kwargs["columns"])
    differences = _differences(declared, columns)
    expected = f"the {len(declared)} columns of the contract"
    observed = "; ".join(differences) or "all there"
    where = f"marts.{mart}: {expectation.name}"
    return CheckResult(
        mart=mart,
        check=expectation.name,
        severity=expectation.severity,
        outcome="failed" if differences else "passed",
        expected=expected,
        observed=observed,
        message=f"{where} failed: {observed}, expected {expected}" if differences else f"{where} passed",
    )


def _differences(declared: Mapping[str, str], columns: Sequence[tuple[str, str]]) -> list[str]:
    found = dict(columns)
    missing = [name for name in declared if name not in found]
    extra = [name for name in found if name not in declared]
    common = {name: kind for name, kind in declared.items() if name in found}
    retyped = [
        f"{name} is {found[name]}, not {kind}"
        for name, kind in common.items()
        if kind and not _is_type(found[name], kind)
    ]
    differences = [f"missing: {', '.join(missing)}"] if missing else []
    differences += [f"not in the contract: {', '.join(extra)}"] if extra else []
    differences += [f"of another type: {', '.join(retyped)}"] if retyped else []
    if list(common) != [name for name in found if name in common]:
        differences.append("in another order")
    return differences


def _is_type(found: str, declared: str) -> bool:
    return found == declared.upper().replace(" ", "") or found == _canonical(declared)


@cache
def _canonical(declared: str) -> str | None:
    """Return DuckDB's own name of a type, such as `VARCHAR` for `string`, or None if it has no such type."""
    with connect() as connection:
        try:
            row = connection.execute(f"select typeof(cast(null as {declared}))").fetchone()
        except duckdb.Error:
            return None
    return None if row is None else str(row[0])
