"""A broken model stops the run. The message names its file, and the served release does not change."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from orchestration.core.settings import Settings
from tests.conftest import copy_home, fingerprint_of_current
from tests.shared import copy_project, run_project

pytestmark = pytest.mark.integration

STAGING = "models/staging/generic/stg_generic__subscription_periods.sql"
UNIFIED = "models/unified/unified_contracts.sql"
BUILDING = "models and tests"
"""The message comes as soon as dbt builds anything."""

Change = tuple[str, str]
"""Text before and after the SQL of a model."""
Broken = Callable[[dict[str, Change]], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run_with(small_company: Settings, tmp_path_factory: pytest.TempPathFactory) -> Broken:
    """Run a copy of the project with some of its models changed."""
    settings = copy_home(small_company, tmp_path_factory.mktemp("broken") / "home")
    served = fingerprint_of_current(settings)

    def run(changes: dict[str, Change]) -> subprocess.CompletedProcess[str]:
        project = copy_project(tmp_path_factory.mktemp("project"))
        for name, (before, after) in changes.items():
            path = project / name
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            path.write_text(before + text + after, encoding="utf-8")
        ended = run_project(project, settings)
        assert fingerprint_of_current(settings) == served
        return ended

    return run


@pytest.mark.parametrize(
    ("model", "before", "words"),
    [
        (STAGING, "{% if true %}\n", ["endif", STAGING]),
        (STAGING, "-- {{ ref('mrr_monthly') }}\n", ["cycle", "stg_generic__subscription_periods"]),
        (
            "models/marts/core/undeclared.sql",
            "select 1 as i",
            ["models/marts/core/undeclared.yml, such as:", "- name: undeclared", "unique_key"],
        ),
    ],
    ids=["template", "circle", "undeclared mart"],
)
def test_parse_errors_and_undeclared_marts_stop_the_run_before_the_build(
    run_with: Broken, model: str, before: str, words: list[str]
) -> None:
    ended = run_with({model: (before, "")})
    _assert_told(ended, words)
    assert BUILDING not in ended.stdout + ended.stderr


def test_build_errors_name_each_failing_model(run_with: Broken) -> None:
    ended = run_with(
        {
            STAGING: ("with model as (\n", "\n)\nselect no_such_column from model"),
            UNIFIED: ("with model as (\n", "\n)\nselect 1 as surprise, model.* from model"),
        }
    )
    _assert_told(ended, [STAGING, "no_such_column", UNIFIED, "surprise"])


def _assert_told(ended: subprocess.CompletedProcess[str], words: list[str]) -> None:
    told = ended.stdout + ended.stderr
    assert ended.returncode == 1, told
    assert "Traceback" not in told
    for word in words:
        assert word in told
