"""Builds seeds, models and tests on Spark for plain exports. Every mart equals DuckDB's."""

from __future__ import annotations

from tests.spark.conftest import Engines


def test_plain_exports_give_the_marts_of_duckdb(engines: Engines) -> None:
    engines.build("none")
    assert engines.differences("marts") == []
    # No account of this company changes its id. The unit tests of the mart run on Spark too.
    assert engines.empty("marts") <= {"_account_merges"}, "nothing was compared there"
