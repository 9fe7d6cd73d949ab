"""The dbt project as analysts use it: unit tests of the rules, and plain dbt beside the pipeline."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import duckdb
import pytest

from orchestration.dbt import run_dbt
from orchestration.settings import PROJECT_DIR, Settings
from tests.integration.conftest import ByHand

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


def test_plain_dbt_builds_one_mart(by_hand: ByHand) -> None:
    with duckdb.connect(str(by_hand.settings.development_database), read_only=True) as connection:
        months = connection.execute(
            "select count(*) from marts.churn_monthly where dimension = 'all'"
        ).fetchone()
    assert months is not None
    assert months[0] > 12
