"""Expectations, each of which checks one mart, and how they follow from a mart's contract."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from orchestration.core.database import quote_identifier
from orchestration.dbt_runner import mart_contract
from orchestration.dbt_runner.mart_contract import DeclaredTest, MartContract

Severity = Literal["error", "warning"]

COLUMNS = "expect_table_columns_to_match_contract"
"""The only type that Great Expectations does not evaluate; it does not know DuckDB's types."""

ROWS_QUERY = "unexpected_rows_expectation"
ROW_COUNT = "expect_table_row_count_to_be_between"
NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_compound_columns_to_be_unique"
IN_SET = "expect_column_values_to_be_in_set"
BETWEEN = "expect_column_values_to_be_between"

EMAIL_CHECK = "no_email_addresses"
EMAIL_CONDITION = "{any_text_column_holds_an_email_address}"
"""The audit replaces it with a condition on the text columns of the mart."""


@dataclass(frozen=True)
class Expectation:
    """One check of one mart."""

    name: str
    type: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "error"
    description: str = ""


def expectations_of(contract: MartContract) -> list[Expectation]:
    """Return the expectations that a contract implies: rows, columns, constraints, tests, no e-mail address.

    The name of a test's expectation is its columns and its kind, such as `status_accepted_values`.
    """
    found: list[Expectation] = []
    if not contract.may_be_empty:
        found.append(Expectation("has_rows", ROW_COUNT, {"min_value": 1}))
    if contract.has_all_columns:
        types = [(name, column.data_type) for name, column in contract.columns.items()]
        found.append(Expectation("has_contract_columns", COLUMNS, {"columns": types}))
    constraints = (
        DeclaredTest("", mart_contract.NOT_NULL, (name,))
        for name, column in contract.columns.items()
        if column.is_not_null
    )
    for test in (*constraints, *contract.tests):
        _add(found, _expectation(test))
    return [*found, email_check()]


def email_check() -> Expectation:
    """Return the check that no text column of a mart contains an e-mail address."""
    return Expectation(
        name=EMAIL_CHECK,
        type=ROWS_QUERY,
        kwargs={"unexpected_rows_query": f"select 1 from {{batch}} where {EMAIL_CONDITION}"},
        description="no text column contains an e-mail address",
    )


def _add(found: list[Expectation], expectation: Expectation) -> None:
    """Add an expectation under a unique name, unless it repeats a constraint or another test."""
    for one in found:
        is_as_strict = one.severity in ("error", expectation.severity)
        if is_as_strict and (one.type, one.kwargs) == (expectation.type, expectation.kwargs):
            return
    names = {one.name for one in found}
    numbered = (f"{expectation.name}_{number}" for number in itertools.count(2))
    free = next(name for name in itertools.chain([expectation.name], numbered) if name not in names)
    found.append(replace(expectation, name=free))


def _expectation(test: DeclaredTest) -> Expectation:
    words = [*test.columns, test.kind]
    description = ""
    if test.kind == mart_contract.RELATIONSHIPS:
        words.append(test.arguments["to"])
        description = f"every {test.columns[0]} is a {test.arguments['field']} of {test.arguments['to']}"
    kind, kwargs = _evaluated_by(test)
    return Expectation(
        name="_".join(words),
        type=kind,
        kwargs=kwargs,
        severity="warning" if test.is_warning else "error",
        description=description,
    )


def _evaluated_by(test: DeclaredTest) -> tuple[str, dict[str, Any]]:
    """Return the type and the arguments of the expectation that is equivalent to a dbt test."""
    column, arguments = test.columns[0], test.arguments
    match test.kind:
        case mart_contract.NOT_NULL:
            return NOT_NULL, {"column": column}
        case mart_contract.ACCEPTED_VALUES:
            return IN_SET, {"column": column, "value_set": list(arguments["values"])}
        case mart_contract.ACCEPTED_RANGE:
            return BETWEEN, {"column": column, **_bounds(arguments)}
        case mart_contract.RELATIONSHIPS:
            name, field, to = (quote_identifier(one) for one in (column, arguments["field"], arguments["to"]))
            query = (
                f"select 1 from {{batch}} as child anti join {mart_contract.MARTS_SCHEMA}.{to} as parent"
                f" on child.{name} = parent.{field} where child.{name} is not null"
            )
            return ROWS_QUERY, {"unexpected_rows_query": query}
        case _:  # unique ignores nulls; unique_key compares them like values
            conditions = [f"({test.where})"] if test.where else []
            if test.kind == mart_contract.UNIQUE:
                conditions.append(f"{quote_identifier(column)} is not null")
            condition = {"row_condition": " and ".join(conditions)} if conditions else {}
            return UNIQUE, {"column_list": list(test.columns), **condition}


def _bounds(arguments: Mapping[str, Any]) -> dict[str, Any]:
    bounds = {name: arguments[name] for name in ("min_value", "max_value") if arguments.get(name) is not None}
    if not arguments.get("inclusive", True):
        bounds |= {f"strict_{name.partition('_')[0]}": True for name in bounds}
    return bounds
