"""The dbt project as analysts use it: unit tests of the rules, and plain dbt beside the pipeline."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.dbt import run_dbt
from orchestration.development import prepare_development
from orchestration.settings import PROJECT_DIR, Settings

pytestmark = pytest.mark.integration


def test_every_rule_holds(small_company: Settings, copy_of: Callable[[Settings], Settings]) -> None:
    """All dbt unit tests; a failing one is raised with dbt's comparison of rows."""
    settings = copy_of(small_company)
    warehouse = settings.home / "warehouse.duckdb"
    shutil.copyfile(settings.current / "warehouse.duckdb", warehouse)
    result = run_dbt(settings, ["test", "--select", "test_type:unit"], warehouse)
    assert result.count_by_status() == {"pass": len(result.nodes)}
    tested = {node.unique_id.split(".")[2] for node in result.nodes}
    models = {
        path.stem
        for layer in ("intermediate", "marts")
        for path in (PROJECT_DIR / "models" / layer).rglob("*.sql")
    }
    assert models <= tested, "models without a unit test"


def test_plain_dbt_builds_one_mart(
    small_company: Settings, copy_of: Callable[[Settings], Settings], tmp_path: Path
) -> None:
    settings = copy_of(small_company)
    prepare_development(settings, landing_is_given=False)
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    shutil.copyfile(PROJECT_DIR / "profiles.example.yml", profiles / "profiles.yml")
    folders = ["--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs")]
    built = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("dbt")), "build", "-s", "+churn_monthly"),
            *("--exclude-resource-type", "unit_test"),
            *folders,
        ],
        cwd=PROJECT_DIR,
        env={
            **os.environ,
            "CSW_HOME": str(settings.home),
            "CSW_AS_OF": "2026-01-01",
            "DBT_PROFILES_DIR": str(profiles),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout[-3000:]
    with duckdb.connect(str(settings.development_database), read_only=True) as connection:
        months = connection.execute(
            "select count(*) from marts.churn_monthly where dimension = 'all'"
        ).fetchone()
    assert months is not None
    assert months[0] > 12
