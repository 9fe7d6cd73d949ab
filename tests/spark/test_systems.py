"""Builds the models of all connectors on Spark. Every mart equals DuckDB's, under each preset."""

from __future__ import annotations

import pytest

from orchestration.core.policies import policy_catalog, project_variables
from tests.spark.conftest import Engines

pytestmark = pytest.mark.slow

PRESETS = [one for one in policy_catalog()["preset"]["values"] if one != "none"]


def test_every_relation_of_the_unified_layer_is_that_of_duckdb(systems: Engines) -> None:
    systems.build(systems.preset or PRESETS[0])
    assert systems.differences("unified") == []
    branches = {
        f"unified_{system}__{branch}"
        for system, names in project_variables()["connector_branches"].items()
        for branch in names
    }
    assert systems.empty("unified") & branches == set(), "nothing was compared there"


@pytest.mark.parametrize("preset", PRESETS)
def test_files_of_all_systems_give_the_marts_of_duckdb(systems: Engines, preset: str) -> None:
    systems.build(preset)
    assert systems.differences("marts") == []
