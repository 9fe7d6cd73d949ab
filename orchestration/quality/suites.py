"""Suites: the expectations of each published mart, from its contract and from `suites/*.yml`.

A file adds the checks that a contract cannot express, in the vocabulary of Great Expectations:

    marts:
      mrr_monthly:
        - name: roll_forward_closes            # keep it: releases and messages refer to it
          type: unexpected_rows_expectation
          description: "opening plus all movements equals closing"
          severity: error                      # or warning; the default is error
          kwargs:
            unexpected_rows_query: |
              select 1 from {batch} where opening_mrr + net_new_mrr is distinct from closing_mrr
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import yaml

from orchestration.core.errors import AuditError
from orchestration.core.serialization import read_yaml
from orchestration.core.spelling import did_you_mean
from orchestration.dbt_runner.mart_contract import MartContracts
from orchestration.quality.expectations import (
    ROW_COUNT,
    ROWS_QUERY,
    Expectation,
    Severity,
    expectations_of,
)

SUITES_DIR = Path(__file__).parent / "suites"

# Required and optional kwargs by type. All types work on DuckDB and observe counts. A minimum or a list of
# distinct values would put values of rows into the report.
_TYPES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (frozenset(required), frozenset(optional))
    for name, required, optional in (
        (ROW_COUNT, (), ("min_value", "max_value")),
        ("expect_table_row_count_to_equal", ("value",), ()),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            ("column_A", "column_B"),
            ("or_equal", "ignore_row_if", "mostly"),
        ),
        (ROWS_QUERY, ("unexpected_rows_query",), ()),
    )
}
_BY_CONTRACT = {
    "expect_table_columns_to_match_set": "columns",
    "expect_table_columns_to_match_ordered_list": "columns",
    "expect_column_values_to_not_be_null": "constraints: [{type: not_null}]",
    "expect_column_values_to_be_unique": "data_tests: [unique]",
    "expect_compound_columns_to_be_unique": "data_tests: [unique_key: ...]",
    "expect_column_values_to_be_in_set": "data_tests: [accepted_values: ...]",
    "expect_column_values_to_be_between": "data_tests: [accepted_range: ...]",
}
"""Types that a contract covers, and what to write in the YAML beside the model instead."""
_KEYS = frozenset({"name", "type", "kwargs", "severity", "description"})
_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


@dataclass(frozen=True)
class Suite:
    """The checks of one mart, in the order of their declaration."""

    mart: str
    expectations: tuple[Expectation, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(expectation.name for expectation in self.expectations)

    @cached_property
    def digest(self) -> str:
        """The sha256 of the suite's canonical JSON, which changes with each name, bound or query."""
        content = [self.mart, [vars(expectation) for expectation in self.expectations]]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def load_suites(contracts: MartContracts, directory: Path = SUITES_DIR) -> dict[str, Suite]:
    """Return the suite of each published mart, in the order of the contracts.

    A suite begins with the expectations of the contract. The files in `directory` add theirs. Raises
    AuditError, with file, mart and check, if an entry is invalid or its mart is not published.
    """
    written: dict[str, tuple[str, list[Expectation]]] = {}
    for path in sorted(directory.glob("*.yml")):
        for mart, entries in _marts(path).items():
            where = f"{path.name}: {mart}"
            if mart in written:
                raise AuditError(f"{where} is in two suite files. Keep one entry.")
            if mart not in contracts:
                raise AuditError(
                    f"{where}: no published mart has this name.{did_you_mean(mart, contracts)} "
                    "Rename the entry, delete it, or publish the mart."
                )
            written[mart] = where, _expectations(where, entries)
    return {
        mart: _suite(mart, expectations_of(contract), *written.get(mart, (mart, [])))
        for mart, contract in contracts.items()
    }


def declared_checks(suites: Mapping[str, Suite]) -> list[tuple[str, str, Severity]]:
    """Return all checks as (mart, name, severity)."""
    return [
        (suite.mart, expectation.name, expectation.severity)
        for suite in suites.values()
        for expectation in suite.expectations
    ]


def _marts(path: Path) -> Mapping[str, Any]:
    try:
        document = read_yaml(path)
    except yaml.YAMLError as error:
        raise AuditError(f"{path.name} is not readable YAML: {error}") from None
    marts = document.get("marts") if isinstance(document, dict) and set(document) == {"marts"} else None
    if not isinstance(marts, dict):
        raise AuditError(f"{path.name}: expected one key `marts` with the marts below it.")
    return marts


def _suite(mart: str, declared: list[Expectation], where: str, written: list[Expectation]) -> Suite:
    expectations = (*declared, *written)
    names = [expectation.name for expectation in expectations]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise AuditError(
            f"{where}: two checks have the same name: {', '.join(repeated)}. Rename one of them. Checks "
            "of the contract have the name of their columns and their kind."
        )
    return Suite(mart=mart, expectations=expectations)


def _expectations(where: str, entries: object) -> list[Expectation]:
    if not isinstance(entries, list):
        raise AuditError(f"{where}: expected a list of expectations.")
    if not entries:
        raise AuditError(
            f"{where} adds no expectation. Delete the entry; the audit checks the contract without it."
        )
    return [_expectation(where, entry) for entry in entries]


def _expectation(where: str, entry: object) -> Expectation:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise AuditError(f"{where}: each expectation needs a `name`; found {entry!r}.")
    name, kind = entry["name"], entry.get("type")
    here = f"{where}.{name}"
    _only(here, entry, _KEYS)
    if not _NAME.fullmatch(name):
        raise AuditError(f"{here}: a name is lower case, with words joined by _ or -.")
    if kind in _BY_CONTRACT:
        raise AuditError(
            f"{here}: a contract covers {kind}. Declare it in the YAML beside the model, as "
            f"`{_BY_CONTRACT[kind]}`."
        )
    if kind not in _TYPES:
        raise AuditError(f"{here}: unknown type {kind!r}. Known types: {', '.join(sorted(_TYPES))}.")
    severity = entry.get("severity", "error")
    if severity not in get_args(Severity):
        raise AuditError(f"{here}: severity {severity!r} is neither error nor warning.")
    kwargs = entry.get("kwargs") or {}
    required, optional = _TYPES[kind]
    _only(here, kwargs, required | optional)
    if missing := required - set(kwargs):
        raise AuditError(f"{here}: {kind} also needs {', '.join(sorted(missing))}.")
    if not required and not kwargs:
        raise AuditError(f"{here}: {kind} needs a bound, because without one it always passes.")
    if kind == ROWS_QUERY and "{batch}" not in kwargs["unexpected_rows_query"]:
        raise AuditError(f"{here}: the query never reads {{batch}}, so it does not check this mart.")
    return Expectation(
        name=name,
        type=kind,
        kwargs=dict(kwargs),
        severity=severity,
        description=str(entry.get("description", "")).strip().rstrip("."),
    )


def _only(where: str, given: Iterable[str], known: frozenset[str]) -> None:
    if unknown := sorted(set(map(str, given)) - known):
        raise AuditError(
            f"{where}: unknown keys {', '.join(unknown)}. Known here: {', '.join(sorted(known))}."
        )
