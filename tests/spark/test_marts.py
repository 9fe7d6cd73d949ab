"""Builds seeds, models and tests on Spark, for files of all connectors. Every relation equals DuckDB's."""

from __future__ import annotations

import pytest

from orchestration.core.policies import policy_catalog, project_variables
from tests.spark.conftest import Engines

PRESETS = [one for one in policy_catalog()["preset"]["values"] if one != "none"]


def test_every_relation_of_the_unified_layer_is_that_of_duckdb(engines: Engines) -> None:
    engines.build()
    assert engines.differences("unified") == []
    branches = {
        f"unified_{system}__{branch}"
        for system, names in project_variables()["connector_branches"].items()
        for branch in names
    }
    assert engines.empty("unified") & branches == set(), "nothing was compared there"


def test_every_mart_is_that_of_duckdb(engines: Engines) -> None:
    engines.build("none")
    assert engines.differences("marts") == []
    # No account of this company changes its id. The unit tests of the mart run on Spark too.
    assert engines.empty("marts") <= {"_account_merges"}, "nothing was compared there"


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_every_mart_is_that_of_duckdb_under_a_preset(engines: Engines, preset: str) -> None:
    engines.build(preset)
    assert engines.differences("marts") == []
