"""Settings of other tools in the shell are removed during calls of those tools, and restored afterwards."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from orchestration.core.environment import environment, python_environment
from orchestration.core.settings import PROJECT_DIR


def test_variables_of_a_tool_are_removed_only_within_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_TARGET", "prod")
    monkeypatch.setenv("DBT_ENGINE_WARN_ERROR", "1")
    monkeypatch.setenv("DO_NOT_TRACK", "0")
    before = dict(os.environ)
    with environment({"DO_NOT_TRACK": "1", "DBT_OURS": "x"}, without=("DBT_",)):
        assert {name for name in os.environ if name.startswith("DBT_")} == {"DBT_OURS"}
        assert os.environ["DO_NOT_TRACK"] == "1"
        os.environ["DBT_OF_A_LIBRARY"] = "x"
    assert dict(os.environ) == before


def test_only_this_project_remains_of_python_settings() -> None:
    here = str(PROJECT_DIR)
    harmless = {"HOME": "/root", "PYTHONUNBUFFERED": "1"}
    for given, kept in (
        ({"PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "PYTHONINSPECT": "1"}, {}),
        ({"PYTHONPATH": here}, {"PYTHONPATH": here}),
        ({"PYTHONPATH": f"/other{os.pathsep}{here}"}, {"PYTHONPATH": here}),
        ({"PYTHONPATH": "/other"}, {}),
    ):
        found = python_environment({**harmless, **given})
        assert found == {**harmless, **kept}
        assert python_environment(found) == found, "a second start changes nothing more"


def test_a_command_restarts_without_python_settings() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "orchestration", "query", "--help"],
        cwd=PROJECT_DIR,
        env={**os.environ, "PYTHONINSPECT": "1", "PYTHONVERBOSE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0
    assert "Query a release" in process.stdout
    assert ">>>" not in process.stdout + process.stderr, "Python itself would wait for a person"


def test_an_interpreter_without_docstrings_is_an_error() -> None:
    process = subprocess.run(
        [sys.executable, "-OO", "-m", "orchestration", "run", "--home", "/nonexistent"],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert process.stderr.startswith("error: Python runs with -OO")
