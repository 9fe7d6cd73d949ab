"""Expensive objects: the first process of a test run that needs one makes it, and the others read it."""

from __future__ import annotations

import fcntl
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.dbt_runner.mart_contract import MartContracts, parsed_mart_contracts
from orchestration.dbt_runner.parsing import PREPARED_FILE, prepare_manifest
from orchestration.dbt_runner.version import dbt_version
from orchestration.quality import Suite, load_suites

Made = TypeVar("Made")

_folder: list[Path] = []


def share_in(folder: Path) -> None:
    """Set the folder for the shared objects of this test run; pytest deletes it."""
    _folder[:] = [folder]


def made_once(name: str, make: Callable[[Path], Made]) -> Made:
    """The result of the first call of `make`, which gets a folder of its own. Do not change the result."""
    if not _folder:
        share_in(Path(tempfile.mkdtemp(prefix="csw-tests-")))
    place, answer = _folder[0] / f"shared-{name}", _folder[0] / f"shared-{name}.pickle"
    with (_folder[0] / f"shared-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answer.exists():
            # A failed call may have left files.
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            answer.write_bytes(pickle.dumps(make(place)))
        made: Made = pickle.loads(answer.read_bytes())
        return made


def parsed_home() -> Settings:
    """A warehouse with only the parsed dbt project."""

    def parse(home: Path) -> Settings:
        settings = load_settings(home=home, environment={})
        prepare_manifest(settings, dbt_version(), unit_tests=True)
        return settings

    return made_once("parsed", parse)


def spare_parsing(settings: Settings) -> Settings:
    """Copy the parsed project into a warehouse. It is the same in every folder and under all policies."""
    parsed = parsed_home()
    shutil.copytree(parsed.dbt, settings.dbt, ignore=shutil.ignore_patterns("logs"))
    assert (settings.dbt / PREPARED_FILE).is_file()
    return settings


@cache
def declared_contracts() -> MartContracts:
    """The declared contracts of the marts."""
    return parsed_mart_contracts(parsed_home())


@cache
def declared_suites() -> Mapping[str, Suite]:
    """The declared suites of the marts."""
    return load_suites(declared_contracts())


def copy_project(folder: Path) -> Path:
    """A copy of the project that a test can change like an analyst."""
    project = folder / "project"
    shutil.copytree(PROJECT_DIR, project, ignore=shutil.ignore_patterns(".*", "data", "target", "logs"))
    return project


def run_project(project: Path, settings: Settings) -> subprocess.CompletedProcess[str]:
    """Run `csw run` on a copy of the project."""
    command = [sys.executable, "-m", "orchestration", "run", "--home", str(settings.home)]
    command += ["--as-of", settings.as_of_text]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
