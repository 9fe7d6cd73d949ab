"""Builds seeds, models and tests on Spark. Every mart equals DuckDB's, under the defaults and each preset."""

from __future__ import annotations

import pytest

from orchestration.core.policies import policy_catalog
from orchestration.dbt_runner.pseudonyms import TEST_KEY
from tests.spark.comparison import compare_marts, count_rows
from tests.spark.conftest import Engines
from tests.spark.session import hand_key


@pytest.mark.parametrize("preset", policy_catalog()["preset"]["values"])
def test_spark_makes_the_marts_of_duckdb(engines: Engines, preset: str) -> None:
    duckdb, spark = engines.build(preset)
    assert compare_marts(duckdb, spark) == []
    empty = [mart for mart, rows in count_rows(duckdb).items() if not rows]
    # No account of this company changes its id. The unit tests of the mart run on Spark too.
    assert set(empty) <= {"_account_merges"}, "nothing was compared there"


def test_every_rule_holds(engines: Engines) -> None:
    """All dbt unit tests."""
    # This optimizer rule fails on joins of literal rows, which unit tests use.
    rule = "org.apache.spark.sql.catalyst.optimizer.ReorderJoin"
    engines.spark.conf.set("spark.sql.optimizer.excludedRules", rule)
    hand_key(engines.spark, TEST_KEY)
    engines.dbt("spark", ["test", "--select", "test_type:unit"])


def test_nothing_that_dbt_writes_holds_the_key(engines: Engines) -> None:
    """Checks compiled SQL, the manifest and logs."""
    files = [path for path in engines.project.written("spark").rglob("*") if path.is_file()]
    assert len(files) > 100
    assert [path for path in files if engines.key in path.read_bytes()] == []
