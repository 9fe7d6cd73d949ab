"""What must hold of every published mart, read from `suites/*.yml` without Great Expectations.

A file declares marts; a mart lists expectations in Great Expectations' vocabulary:

    marts:
      mrr_monthly:
        - name: closing_is_never_negative      # stable: dashboards and asset checks refer to it
          type: expect_column_values_to_be_between
          kwargs: {column: closing_mrr, min_value: 0}
          severity: error                      # or warning; error where it is left out
          description: "Closing MRR is never negative."
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from orchestration.core.errors import AuditError
from orchestration.core.serialization import read_yaml

Severity = Literal["error", "warning"]

SUITES_DIR = Path(__file__).parent / "suites"

ROWS_QUERY = "unexpected_rows_expectation"
UNIQUENESS = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
EMAIL_CHECK = "no_email_addresses"
EMAIL_CONDITION = "{any_text_column_holds_an_email_address}"
"""Replaced by the audit with a condition on the text columns that the mart turns out to have."""

# Kwargs that must be there, and those that may. Only types that work on DuckDB (its dialect has no
# regular-expression, LIKE or of-type expectation: those are rows queries) and that observe counts:
# a minimum or a list of distinct values would carry values of rows into the report.
_TYPES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (frozenset(required), frozenset(optional))
    for name, required, optional in (
        ("expect_table_row_count_to_be_between", (), ("min_value", "max_value")),
        ("expect_table_row_count_to_equal", ("value",), ()),
        ("expect_table_columns_to_match_set", ("column_set",), ("exact_match",)),
        ("expect_column_values_to_not_be_null", ("column",), ("mostly",)),
        ("expect_column_values_to_be_null", ("column",), ("mostly",)),
        ("expect_column_values_to_be_unique", ("column",), ()),
        ("expect_compound_columns_to_be_unique", ("column_list",), ()),
        ("expect_column_values_to_be_in_set", ("column", "value_set"), ("mostly",)),
        (
            "expect_column_values_to_be_between",
            ("column",),
            ("min_value", "max_value", "strict_min", "strict_max", "mostly"),
        ),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            ("column_A", "column_B"),
            ("or_equal", "ignore_row_if", "mostly"),
        ),
        (ROWS_QUERY, ("unexpected_rows_query",), ()),
    )
}
_KEYS = frozenset({"name", "type", "kwargs", "severity", "description"})
_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


@dataclass(frozen=True)
class Expectation:
    """One check of one mart."""

    name: str
    type: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "error"
    description: str = ""


@dataclass(frozen=True)
class Suite:
    """The checks of one mart, in the order in which they are declared."""

    mart: str
    expectations: tuple[Expectation, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(expectation.name for expectation in self.expectations)

    @cached_property
    def digest(self) -> str:
        """sha256 of the suite's canonical JSON: changes with any name, type, bound, query or severity."""
        content = [self.mart, [vars(expectation) for expectation in self.expectations]]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def load_suites(directory: Path = SUITES_DIR) -> dict[str, Suite]:
    """Read and validate every suite file; keys are marts, in file order.

    Every suite gets the check `no_email_addresses` besides those that it declares.
    Raises AuditError, with file, mart and check, for anything that Great Expectations would not understand.
    """
    suites: dict[str, Suite] = {}
    for path in sorted(directory.glob("*.yml")):
        for mart, entries in _marts(path).items():
            where = f"{path.name}: {mart}"
            if mart in suites:
                raise AuditError(f"{where} is declared in two suite files. Keep one of them.")
            suites[mart] = _suite(where, mart, entries)
    if not suites:
        raise AuditError(f"No suite is declared in {directory.name}/: nothing could be audited.")
    return suites


def declared_checks(suites: Mapping[str, Suite]) -> list[tuple[str, str, Severity]]:
    """Every check as (mart, name, severity), in the order of the files."""
    return [
        (suite.mart, expectation.name, expectation.severity)
        for suite in suites.values()
        for expectation in suite.expectations
    ]


def email_check() -> Expectation:
    """The check that no text column of a mart holds an e-mail address."""
    return Expectation(
        name=EMAIL_CHECK,
        type=ROWS_QUERY,
        kwargs={"unexpected_rows_query": f"select 1 from {{batch}} where {EMAIL_CONDITION}"},
        description="no text column holds an e-mail address",
    )


def _marts(path: Path) -> Mapping[str, Any]:
    try:
        document = read_yaml(path)
    except yaml.YAMLError as error:
        raise AuditError(f"{path.name} is not readable YAML: {error}") from None
    marts = document.get("marts") if isinstance(document, dict) and set(document) == {"marts"} else None
    if not isinstance(marts, dict):
        raise AuditError(f"{path.name}: expected one key `marts` with the marts below it.")
    return marts


def _suite(where: str, mart: str, entries: object) -> Suite:
    if not isinstance(entries, list):
        raise AuditError(f"{where}: expected a list of expectations.")
    if not entries:
        raise AuditError(f"{where} declares no expectation. An empty suite would pass anything.")
    expectations = [_expectation(where, entry) for entry in entries]
    expectations.append(email_check())
    names = [expectation.name for expectation in expectations]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise AuditError(f"{where}: two checks have one name: {', '.join(repeated)}. Make them unique.")
    return Suite(mart=mart, expectations=tuple(expectations))


def _expectation(where: str, entry: object) -> Expectation:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise AuditError(f"{where}: each expectation needs a `name`; found {entry!r}.")
    name, kind = entry["name"], entry.get("type")
    here = f"{where}.{name}"
    _only(here, entry, _KEYS)
    if not _NAME.fullmatch(name):
        raise AuditError(f"{here}: a name is lower case, with words joined by _ or -.")
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
        raise AuditError(f"{here}: {kind} needs a bound, else it passes anything.")
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
