"""What-if runs change neither the release that dashboards read nor the history of releases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import duckdb
import pytest

from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.refresh import refresh
from orchestration.releases import current_release_id
from orchestration.releases.manifest import read_manifest
from tests.conftest import fingerprint_of_current

pytestmark = pytest.mark.integration

HOSTILE = {
    "DBT_TARGET": "prod",
    "DBT_PROFILE": "other",
    "DBT_PROFILES_DIR": "/nowhere",
    "DBT_PROJECT_DIR": "/nowhere",
    "DBT_TARGET_PATH": "/nowhere",
    "DBT_LOG_PATH": "/nowhere",
    "DBT_FULL_REFRESH": "1",
    "DBT_EMPTY": "1",
    "DBT_FAIL_FAST": "1",
    "DBT_WARN_ERROR": "1",
    "DBT_ENGINE_WARN_ERROR": "1",
    "DBT_RESOURCE_TYPES": "seed",
    "DBT_LOG_LEVEL": "debug",
    "DBT_THREADS": "17",
    "DAGSTER_HOME": "/nowhere",
    "DAGSTER_DEFAULT_IO_MANAGER_MODULE": "nowhere",
    "DAGSTER_REDACT_USER_CODE_ERRORS": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "TZ": "America/Los_Angeles",
    "LC_ALL": "C",
}


def restated(settings: Settings, release_id: str) -> set[tuple[str, ...]]:
    with duckdb.connect(str(settings.releases / release_id / "csw.duckdb"), read_only=True) as marts:
        return set(marts.execute("select cause from marts._restatements").fetchall())


def test_experiments_and_shell_variables_do_not_change_the_published_release(
    small_company: Settings, copy_of: Callable[[Settings], Settings]
) -> None:
    books = copy_of(small_company)
    first = current_release_id(books)
    before = fingerprint_of_current(books)
    # The audit must also pass where accounts are older than the loaded history.
    policies = ["pause_policy=keep", "discount_policy=none", "first_loaded_month=2025-03"]
    asked = load_settings(home=books.home, as_of="2026-01-01", policies=policies)
    outcome = refresh(asked, landing_is_given=False)
    made = outcome.experiment_id
    assert made
    assert outcome.release_id is None
    assert outcome.message.startswith(f"made experiment {made} (command-line policies: ")
    for hint in (f"csw query --release {made}", f"csw diff current {made}", f"csw publish {made}"):
        assert hint in outcome.message
    assert fingerprint_of_current(books) == before
    # It lists its restatements, but the history of releases does not record them.
    assert restated(books, made) == {("policies",)}
    manifest = read_manifest(books.releases / made)
    assert manifest["experiment"] == (
        "command-line policies: discount_policy = none, first_loaded_month = 2025-03, pause_policy = keep"
    )
    assert manifest["parent"] == first

    again = refresh(asked, landing_is_given=False)
    assert (again.release_id, again.experiment_id) == (None, None)
    assert again.message.startswith(f"nothing new since the identical experiment {made}")
    plain = refresh(books, landing_is_given=False)
    assert plain.message.startswith(f"nothing new since release {first}")

    clean = {name: value for name, value in os.environ.items() if not name.startswith("CSW_")}
    process = subprocess.run(
        [sys.executable, "-m", "orchestration", "run", "--force", "--json"],
        cwd=PROJECT_DIR,
        env=clean | HOSTILE | {"CSW_HOME": str(books.home), "CSW_AS_OF": "2026-01-01"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    second = json.loads(process.stdout)["release_id"]
    assert current_release_id(books) == second
    follower = read_manifest(books.releases / second)
    assert (follower["parent"], follower["experiment"]) == (first, None)
    assert follower["restatements"]["figures"] == 0
    after = fingerprint_of_current(books)
    parquet = {name for name in before if name.startswith("parquet/")} - {"parquet/_release.parquet"}
    assert len(parquet) > 14
    assert {name: after[name] for name in parquet} == {name: before[name] for name in parquet}
    assert not list(books.alerts.glob("*"))
