"""Suites: expectations from the contracts, additions from files, and messages about invalid files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.errors import AuditError
from orchestration.dbt_runner.mart_contract import DeclaredTest, MartColumn, MartContract
from orchestration.quality import Expectation, Suite, declared_checks, load_suites
from orchestration.quality.expectations import (
    BETWEEN,
    COLUMNS,
    IN_SET,
    NOT_NULL,
    ROW_COUNT,
    ROWS_QUERY,
    UNIQUE,
    expectations_of,
)
from tests.shared import declared_contracts, declared_suites

MAY_BE_EMPTY = {
    "_account_merges",
    "_overrides",
    "_restatements",
    "churn_reasons_monthly",
    "churned_accounts",
    "cs_alerts",
    "fct_account_events",
    "fct_account_health",
    "fct_health_measures",
    "fct_survey_responses",
    "fct_tickets",
    "fct_usage_weeks",
    "health_backtest",
    "health_monthly",
    "onboarding_cohorts",
    "qbr_pack",
    "usage_monthly",
    "nps_periods",
    "nps_cohorts",
    "nps_outcomes",
    "renewals",
    "renewals_quarterly",
    "satisfaction_periods",
    "support_monthly",
    "survival_curve",
}

SOUND = """
marts:
  m:
    - name: has_a_million_rows
      type: expect_table_row_count_to_be_between
      kwargs: {min_value: 1000000}
"""
CONTRACT = MartContract({"a": MartColumn("bigint")})


def load(folder: Path, text: str) -> dict[str, Suite]:
    (folder / "one.yml").write_text(text, encoding="utf-8")
    return load_suites({"m": CONTRACT}, folder)


def by_name(expectations: Sequence[Expectation]) -> dict[str, tuple[str, Any]]:
    return {one.name: (one.type, dict(one.kwargs)) for one in expectations}


def test_every_mart_has_rows_a_grain_and_its_columns() -> None:
    for mart, suite in declared_suites().items():
        types = {expectation.type for expectation in suite.expectations}
        assert ("has_rows" in suite.names) == (mart not in MAY_BE_EMPTY), mart
        assert types >= {COLUMNS, UNIQUE}, mart
        assert "no_email_addresses" in suite.names, mart


def test_every_key_column_is_checked_for_nulls() -> None:
    # Items that cancel each other out have no movement, and an account that is gone has no successor.
    optional = {("fct_mrr_movement_items", "movement_id"), ("_account_merges", "account_id")}
    for mart, suite in declared_suites().items():
        known = {one.kwargs["column"] for one in suite.expectations if one.type == NOT_NULL}
        for one in suite.expectations:
            if one.type == UNIQUE:
                assert {key for key in one.kwargs["column_list"] if key not in known} <= {
                    column for name, column in optional if name == mart
                }, mart


def test_declared_checks_list_every_check_once() -> None:
    checks = declared_checks(declared_suites())
    assert len(checks) == len({(mart, name) for mart, name, _ in checks})
    assert ("mrr_monthly", "roll_forward_closes", "error") in checks
    assert ("mrr_monthly", "month_dimension_dimension_value_unique_key", "error") in checks
    assert ("mrr_monthly", "committed_and_at_risk_not_negative", "warning") in checks
    assert ("dim_accounts", "no_email_addresses", "error") in checks


def test_suites_say_nothing_that_a_contract_says() -> None:
    """The contract of every mart gives its expectations. Files add queries and a few comparisons."""
    assert set(declared_suites()) == set(declared_contracts())
    declared = {
        (mart, one.name)
        for mart, contract in declared_contracts().items()
        for one in expectations_of(contract)
    }
    added = [
        one
        for mart, suite in declared_suites().items()
        for one in suite.expectations
        if (mart, one.name) not in declared
    ]
    assert len(added) > 60
    assert sum(one.type == ROWS_QUERY for one in added) > 0.9 * len(added)


def test_a_contract_becomes_the_checks_that_it_declares() -> None:
    contract = MartContract(
        columns={"a": MartColumn("bigint", is_not_null=True), "b": MartColumn("varchar")},
        tests=(
            DeclaredTest("1", "unique_key", ("a", "b"), where="b <> ''"),
            DeclaredTest("2", "unique", ("a",)),
            DeclaredTest("3", "accepted_values", ("b",), {"values": ["x", "y"]}, is_warning=True),
            DeclaredTest("4", "accepted_range", ("a",), {"min_value": 0, "inclusive": False}),
            DeclaredTest("5", "relationships", ("b",), {"to": "n", "field": "id"}),
            DeclaredTest("6", "not_null", ("a",), is_warning=True),
            DeclaredTest("7", "not_null", ("b",)),
        ),
    )
    found = expectations_of(contract)
    assert by_name(found[:-1]) == {
        "has_rows": (ROW_COUNT, {"min_value": 1}),
        "has_contract_columns": (COLUMNS, {"columns": [("a", "bigint"), ("b", "varchar")]}),
        "a_not_null": (NOT_NULL, {"column": "a"}),
        "a_b_unique_key": (UNIQUE, {"column_list": ["a", "b"], "row_condition": "(b <> '')"}),
        "a_unique": (UNIQUE, {"column_list": ["a"], "row_condition": '"a" is not null'}),
        "b_accepted_values": (IN_SET, {"column": "b", "value_set": ["x", "y"]}),
        "a_accepted_range": (BETWEEN, {"column": "a", "min_value": 0, "strict_min": True}),
        "b_relationships_n": (
            ROWS_QUERY,
            {
                "unexpected_rows_query": 'select 1 from {batch} as child anti join marts."n" as parent'
                ' on child."b" = parent."id" where child."b" is not null'
            },
        ),
        "b_not_null": (NOT_NULL, {"column": "b"}),
    }
    assert [one.name for one in found if one.severity == "warning"] == ["b_accepted_values"]
    assert found[-1].name == "no_email_addresses"


def test_a_mart_may_say_that_it_may_be_empty_and_has_no_contract() -> None:
    bare = MartContract({"a": MartColumn("bigint")}, has_all_columns=False, may_be_empty=True)
    assert [one.name for one in expectations_of(bare)] == ["no_email_addresses"]


def test_two_tests_of_a_kind_on_one_column_are_two_checks() -> None:
    tests = (
        DeclaredTest("1", "unique_key", ("a",), where="b = 1"),
        DeclaredTest("2", "unique_key", ("a",), where="b = 2"),
        DeclaredTest("3", "unique_key", ("a",), where="b = 2"),
    )
    names = [one.name for one in expectations_of(MartContract({}, tests=tests)) if one.type == UNIQUE]
    assert names == ["a_unique_key", "a_unique_key_2"]


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    suite = load(tmp_path, SOUND)["m"]
    assert load(tmp_path, SOUND + "      severity: error\n")["m"].digest == suite.digest
    assert load(tmp_path, SOUND.replace("1000000}", "2000000}"))["m"].digest != suite.digest
    assert load(tmp_path, SOUND + "      severity: warning\n")["m"].digest != suite.digest
    assert replace(suite, expectations=suite.expectations[:1]).digest != suite.digest
    columns = {"a": MartColumn("bigint"), "b": MartColumn("bigint")}
    digests = {
        load_suites({"m": MartContract(dict(order))}, tmp_path)["m"].digest
        for order in (columns.items(), reversed(columns.items()))
    }
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("marts: {m: []}", "m adds no expectation"),
        ("marts: {m: {name: x}}", "m: expected a list"),
        ("mart: {}", "expected one key `marts`"),
        ("marts: [", "not readable YAML"),
        ("marts: {m: [{type: expect_table_row_count_to_equal}]}", "needs a `name`"),
        (SOUND + "      severty: error\n", "m.has_a_million_rows: unknown keys severty"),
        (SOUND + "      severity: fatal\n", "m.has_a_million_rows: severity 'fatal'"),
        (SOUND.replace("has_a_million_rows", "Has Rows"), "a name is lower case"),
        (SOUND.replace("expect_table_row_count_to_be_between", "expect_rows"), "unknown type 'expect_rows'"),
        (SOUND.replace("min_value", "min"), "m.has_a_million_rows: unknown keys min"),
        (SOUND.replace("{min_value: 1000000}", "{}"), "needs a bound"),
        (SOUND + SOUND.split("m:\n")[1], "two checks have the same name: has_a_million_rows"),
        (SOUND.replace("has_a_million_rows", "has_rows"), "two checks have the same name: has_rows"),
        (SOUND.replace("  m:", "  mm:"), "mm: no published mart has this name. Rename the entry"),
        (
            "marts: {m: [{name: x, type: expect_column_values_to_be_in_set, kwargs: {column: c}}]}",
            "m.x: a contract covers expect_column_values_to_be_in_set. Declare it in the YAML beside "
            "the model, as `data_tests: [accepted_values: ...]`",
        ),
        (
            "marts: {m: [{name: x, type: expect_table_row_count_to_equal, kwargs: {}}]}",
            "m.x: expect_table_row_count_to_equal also needs value",
        ),
        (
            "marts: {m: [{name: x, type: unexpected_rows_expectation,"
            " kwargs: {unexpected_rows_query: select 1}}]}",
            "m.x: the query never reads {batch}",
        ),
    ],
)
def test_a_suite_that_cannot_work_names_file_mart_and_check(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(AuditError) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith("one.yml")
    assert complaint in str(caught.value)


def test_a_suite_for_a_mart_that_does_not_exist_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text(SOUND.replace("  m:", "  mrr_montly:"), encoding="utf-8")
    with pytest.raises(AuditError, match=r"one\.yml: mrr_montly: .* Did you mean 'mrr_monthly'\?"):
        load_suites(declared_contracts(), tmp_path)


def test_a_mart_belongs_to_one_file(tmp_path: Path) -> None:
    (tmp_path / "other.yml").write_text(SOUND, encoding="utf-8")
    with pytest.raises(AuditError, match="is in two suite files"):
        load(tmp_path, SOUND)


def test_a_mart_without_a_file_has_the_suite_of_its_contract(tmp_path: Path) -> None:
    suite = load_suites({"m": CONTRACT}, tmp_path)["m"]
    assert list(suite.expectations) == expectations_of(CONTRACT)
