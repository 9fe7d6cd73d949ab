"""The dbt project as analysts use it: unit tests of the rules, and plain dbt beside the pipeline."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.core.settings import Settings, load_settings
from orchestration.dbt_runner.mart_contract import audited_tests, parsed_mart_contracts
from orchestration.dbt_runner.parsing import parsed_project, prepare_manifest
from orchestration.dbt_runner.runner import GRAIN_TESTS, run_dbt
from tests.integration.conftest import ByHand
from tests.shared import spare_parsing

pytestmark = pytest.mark.integration


def test_every_rule_holds(small_company: Settings, copy_of: Callable[[Settings], Settings]) -> None:
    """Runs all dbt unit tests; a failure shows dbt's comparison of rows."""
    settings = copy_of(small_company)
    warehouse = settings.home / "warehouse.duckdb"
    shutil.copyfile(settings.current / "warehouse.duckdb", warehouse)
    result = run_dbt(settings, ["test", "--select", "test_type:unit"], warehouse)
    assert result.count_by_status() == {"pass": len(result.nodes)}
    tested = {node.unique_id.split(".")[2] for node in result.nodes}
    # A model that only a connector needs is not built for a company of plain exports.
    models = {
        node.name
        for node in parsed_project(settings).nodes.values()
        if node.resource_type == "model" and node.fqn[1] in ("intermediate", "marts")
    }
    assert models <= tested, "models without a unit test"


def test_the_tests_that_a_run_leaves_out_hold(company: Settings, tmp_path: Path) -> None:
    """Tests keys of inner models, and marts, on a company that delivers duplicates and corrections."""
    settings = spare_parsing(load_settings(tmp_path / "home", as_of=company.as_of.isoformat()))
    warehouse = settings.home / "warehouse.duckdb"
    shutil.copyfile(company.current / "warehouse.duckdb", warehouse)
    audited = audited_tests(parsed_mart_contracts(settings))
    result = run_dbt(settings, ["test", "--select", GRAIN_TESTS, *audited], warehouse)
    assert result.count_by_status() == {"pass": len(result.nodes)}
    # dbt keeps the tests of a connector's models even if it does not build the models.
    declared = {
        unique_id
        for unique_id, node in parsed_project(settings).nodes.items()
        if node.resource_type == "test"
        and node.config.enabled
        and node.original_file_path.startswith(("models/staging/", "models/intermediate/", "models/marts/"))
    }
    assert {node.unique_id for node in result.nodes} == declared


def test_dbt_parses_only_changed_files_again(tmp_path: Path) -> None:
    settings = spare_parsing(load_settings(tmp_path / "home", as_of="2024-02-29", environment={}))
    parsed = settings.dbt / "target" / "perf_info.json"
    parsed.unlink()
    prepare_manifest(settings, "another version of the code")
    told = json.loads(parsed.read_text(encoding="utf-8"))
    assert told["path_count"] > 100
    assert told["parsed_path_count"] == 0


def test_plain_dbt_builds_one_mart(by_hand: ByHand) -> None:
    with duckdb.connect(str(by_hand.settings.development_database), read_only=True) as connection:
        months = connection.execute(
            "select count(*) from marts.churn_monthly where dimension = 'all'"
        ).fetchone()
    assert months is not None
    assert months[0] > 12
