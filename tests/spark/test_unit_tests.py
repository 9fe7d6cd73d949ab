"""Runs the dbt unit tests on Spark, and looks for the key of the pseudonyms in what dbt wrote."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestration.dbt_runner.pseudonyms import TEST_KEY
from orchestration.spark.key import hand_over_key
from tests.connectors.rules import rules_of_connectors
from tests.spark.conftest import Engines


@pytest.fixture
def settings_of_unit_tests(engines: Engines) -> Iterator[None]:
    """The session has the settings and the key that dbt unit tests need, and the relations they replace."""
    engines.build()
    # This optimizer rule fails on joins of literal rows, which unit tests use.
    rule = "org.apache.spark.sql.catalyst.optimizer.ReorderJoin"
    engines.spark.conf.set("spark.sql.optimizer.excludedRules", rule)
    hand_over_key(engines.spark, TEST_KEY)
    yield
    hand_over_key(engines.spark, engines.key)
    engines.spark.conf.unset("spark.sql.optimizer.excludedRules")


@pytest.mark.slow
def test_every_rule_holds(engines: Engines, settings_of_unit_tests: None) -> None:
    rules = rules_of_connectors(engines.project.manifest("spark").unit_tests)
    assert len(rules) > 100
    assert len(engines.dbt("spark", ["test", "--select", "test_type:unit"])) > len(rules)


def test_nothing_that_dbt_writes_holds_the_key(engines: Engines) -> None:
    """Checks compiled SQL, manifests and logs."""
    engines.build()
    files = [path for path in engines.project.written("spark").rglob("*") if path.is_file()]
    assert len(files) > 100
    assert [path for path in files if engines.key in path.read_bytes()] == []
