"""Audits the marts of both engines: the same checks, with the same results."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orchestration.quality import AuditReport, Suite, audit_marts, audit_tables
from orchestration.spark.warehouse import SparkWarehouse
from tests.integration.corrupted import CORRUPTIONS, failed
from tests.shared import declared_suites
from tests.spark.conftest import Engines
from tests.spark.marts import SameMarts

pytestmark = pytest.mark.slow


def results(report: AuditReport) -> Mapping[tuple[str, str], str]:
    """Messages by mart and check. They have the outcome and all counts."""
    return {(result.mart, result.check): result.message for result in report.results}


def test_the_tables_of_a_build_have_the_results_of_duckdb(engines: Engines, same_marts: SameMarts) -> None:
    report = audit_tables(SparkWarehouse(engines.spark, {"marts": "marts"}), declared_suites())
    assert report.evaluated == report.declared
    failures = failed(report)
    # dbt alone gives a release no name, and the company has an attribute of its own.
    assert failures == {("_restatements", "release_is_named"), ("dim_accounts", "has_contract_columns")}
    assert not [result.message for result in report.results if result.outcome == "error"]


def test_both_engines_give_the_same_report(same_marts: SameMarts) -> None:
    on_spark = audit_tables(same_marts.warehouse, declared_suites())
    on_duckdb = audit_marts(same_marts.file, declared_suites())
    assert results(on_spark) == results(on_duckdb)
    assert on_spark == on_duckdb


@pytest.mark.parametrize(("mart", "check", "statement"), CORRUPTIONS)
def test_a_corruption_is_blamed_on_the_right_check(
    same_marts: SameMarts, mart: str, check: str, statement: str
) -> None:
    suite = declared_suites()[mart]
    checks = tuple(expectation for expectation in suite.expectations if expectation.name == check)
    only = {mart: Suite(mart, checks)}
    with same_marts.corrupted(statement):
        report = audit_tables(same_marts.warehouse, only)
    assert (mart, check) in failed(report)


def test_a_mart_that_cannot_be_read_is_not_evaluated_and_not_quoted(engines: Engines) -> None:
    engines.spark.sql("create schema if not exists csw_broken_marts")
    values = "select raise_error(concat('sec', 'ret')) as account_id from range(2)"
    engines.spark.sql(f"create or replace view csw_broken_marts.dim_accounts as {values}")
    only = {"dim_accounts": declared_suites()["dim_accounts"]}
    report = audit_tables(SparkWarehouse(engines.spark, {"marts": "csw_broken_marts"}), only)
    outcomes = {result.check: result.outcome for result in report.results}
    assert outcomes["account_id_not_null"] == outcomes["account_id_unique_key"] == "error"
    assert not any("secret" in result.message for result in report.results)
