"""An analyst changes models in the development database, which starts from the tables of the last release."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.core.settings import Settings
from orchestration.releases import current_release_id
from tests.conftest import copy_home
from tests.shared import copy_project

pytestmark = pytest.mark.integration

UPSTREAM = "models/intermediate/mrr/int_mrr__slice_months.sql"
MART = "models/marts/retention/churn_monthly.sql"


class Analyst:
    """Runs commands in a copy of the project, on a warehouse with a release."""

    def __init__(self, project: Path, settings: Settings) -> None:
        self.project = project
        self.settings = settings

    def run(self, *command: str) -> str:
        ended = subprocess.run(
            command,
            cwd=self.project,
            env={**os.environ, "CSW_HOME": str(self.settings.home), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def csw(self, *arguments: str) -> str:
        return self.run(sys.executable, "-m", "orchestration", *arguments)

    def dbt(self, *arguments: str) -> str:
        return self.run(str(Path(sys.executable).with_name("dbt")), *arguments)

    def replace(self, path: str, old: str, new: str) -> None:
        file = self.project / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def analyst(small_company: Settings, tmp_path_factory: pytest.TempPathFactory) -> Analyst:
    folder = tmp_path_factory.mktemp("analyst")
    settings = copy_home(small_company, folder / "home")
    return Analyst(copy_project(folder), settings)


def test_a_changed_model_is_built_with_changed_models_that_it_reads_and_compared(analyst: Analyst) -> None:
    release = current_release_id(analyst.settings)
    assert f"No change against release {release}." in analyst.csw("dev", "churn_monthly")

    # One change upstream of the mart, and one beside it.
    analyst.replace(UPSTREAM, "-- one row per", "-- a comment is no change of a figure; one row per")
    analyst.replace(MART, "as is_complete", "and month_number > 0 as is_complete")
    analyst.replace("models/marts/retention/survival_curve.sql", "-- one row per", "-- still one row per")
    shown = analyst.csw("dev", "churn_monthly", "--rows", "0")
    assert "churn_monthly: " in shown
    assert "built after int_mrr__slice_months" in shown
    assert "survival_curve" not in shown
    assert f"No change against release {release}." in shown

    analyst.replace(MART, "month_number > 0", "month_number % 2 = 0")
    with pytest.raises(AssertionError, match="unit_test churn_rates_divide_by_the_opening"):
        analyst.csw("dev", "churn_monthly", "--unit-tests")
    shown = analyst.csw("dev", "churn_monthly", "--rows", "1")
    assert "rows: 0 added, 0 removed, " in shown
    assert "is_complete: changed in " in shown
    assert current_release_id(analyst.settings) == release


def test_dbt_builds_changed_models_by_the_state_of_the_release(analyst: Analyst) -> None:
    analyst.csw("prepare")
    database = analyst.settings.development_database
    with duckdb.connect(str(database)) as connection:
        connection.execute("drop table marts.survival_curve")
        (before,) = connection.execute("select count(*) from marts.mrr_monthly").fetchall()[0]
        assert before
    analyst.replace(
        "models/marts/retention/survival_curve.sql", "one row per", "changed again, with one row per"
    )
    (analyst.project / "profiles.yml").write_bytes((analyst.project / "profiles.example.yml").read_bytes())
    state = str(analyst.settings.current / "dbt")
    said = analyst.dbt("run", "-s", "state:modified+,survival_curve", "--defer", "--state", state)
    assert "marts.survival_curve" in said
    assert "marts.churn_monthly" not in said
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute("select count(*) > 0 from marts.survival_curve").fetchall() == [(True,)]


def test_an_unknown_model_and_a_warehouse_without_a_release_end_with_what_to_do(
    analyst: Analyst, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=r"no model churn_month\. Did you mean 'churn_monthly'\?"):
        analyst.csw("dev", "churn_month")
    with pytest.raises(AssertionError, match=r"There is no release to start from\. Run `csw run` first\."):
        analyst.csw("dev", "churn_monthly", "--home", str(tmp_path))


def test_the_doctor_says_what_a_new_mart_lacks(analyst: Analyst) -> None:
    analyst.csw("doctor")
    undeclared = analyst.project / "models" / "marts" / "core" / "undeclared.sql"
    undeclared.write_text("select 1 as i", encoding="utf-8")
    with pytest.raises(
        AssertionError, match=r"FAIL  models/marts/core/undeclared\.sql: the project declares"
    ):
        analyst.csw("doctor")
    undeclared.unlink()
