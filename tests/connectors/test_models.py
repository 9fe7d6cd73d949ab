"""The models of all connectors together: they build on nothing, and their rules and keys hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.core.database import connect
from orchestration.core.lock import hold_lock
from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.dbt_runner.connectors import all_connectors
from orchestration.dbt_runner.parsing import parsed_project, prepare_manifest
from orchestration.dbt_runner.runner import run_dbt
from orchestration.dbt_runner.version import dbt_version
from orchestration.pipeline.sources import create_sources
from tests.connectors.rules import rules_of_connectors

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse in which a file of every system has arrived."""
    settings = load_settings(tmp_path_factory.mktemp("all"), as_of="2026-01-01", environment={})
    for system in all_connectors():
        folder = settings.raw / system / "records"
        folder.mkdir(parents=True)
        (folder / "none").touch()
    with hold_lock(settings.lock_file, "test") as lock:
        prepare_manifest(settings, dbt_version(), lock, unit_tests=True)
    with connect(warehouse(settings)) as connection:
        create_sources(connection, settings, [], None)
    return settings


def warehouse(settings: Settings) -> Path:
    return settings.home / "warehouse.duckdb"


def models_of(*folders: str) -> Iterator[str]:
    for folder in folders:
        for system in all_connectors():
            yield from (path.stem for path in (PROJECT_DIR / "models" / folder / system).glob("*.sql"))


def test_every_model_of_every_connector_builds_and_has_unique_keys(settings: Settings) -> None:
    """Without rows, a key is trivially unique, but the tests compile and find their columns."""
    built = run_dbt(settings, ["build", "--exclude-resource-type", "unit_test"], warehouse(settings))
    assert {node.status for node in built.nodes} == {"success", "pass"}
    assert set(models_of("staging", "unified")) <= {node.name for node in built.nodes}


def test_every_rule_of_the_connectors_holds(settings: Settings) -> None:
    tests = rules_of_connectors(parsed_project(settings).unit_tests)
    result = run_dbt(settings, ["test", "--select", *tests], warehouse(settings))
    assert result.count_by_status() == {"pass": len(result.nodes)}
    assert len(result.nodes) >= len(tests) > 100
