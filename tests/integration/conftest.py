"""Real warehouses, built once by the real job and shared; tests that write work on a copy."""

from __future__ import annotations

import gc
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.quality import AuditReport, Suite, audit_marts
from orchestration.releases.export import MARTS_FILE
from tests.conftest import UNTIL, copy_home, publish_company
from tests.integration.corrupted import ADDED, Audit, change
from tests.shared import declared_suites, made_once


@dataclass(frozen=True)
class ByHand:
    """What plain dbt built in the development database, and its whole output."""

    settings: Settings
    output: bytes


@pytest.fixture(scope="session")
def company() -> Settings:
    """A published warehouse of a messy simulated company that has every feature; do not write to it."""
    return made_once("company", lambda home: publish_company(home, 1500, 36, 7, messy=True))


@pytest.fixture(scope="session")
def by_hand(small_company: Settings) -> ByHand:
    """Two models that an analyst builds as documented, with the most verbose log of dbt."""
    return made_once("by-hand", lambda folder: _build_by_hand(small_company, folder))


def _build_by_hand(small_company: Settings, folder: Path) -> ByHand:
    settings = copy_home(small_company, folder / "home")
    subprocess.run(
        [sys.executable, "-m", "orchestration", "prepare", "--home", str(settings.home)],
        check=True,
        capture_output=True,
    )
    profiles = folder / "profiles"
    profiles.mkdir()
    shutil.copyfile(PROJECT_DIR / "profiles.example.yml", profiles / "profiles.yml")
    dbt = [str(Path(sys.executable).with_name("dbt")), "--debug", "build"]
    dbt += ["-s", "+churn_monthly", "+unified_contacts", "--exclude-resource-type", "unit_test"]
    dbt += ["--target-path", str(settings.home / "target"), "--log-path", str(settings.home / "dbtlogs")]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "PYTHONPATH": str(PROJECT_DIR),
        "DBT_PROFILES_DIR": str(profiles),
        "CSW_HOME": str(settings.home),
        "CSW_AS_OF": UNTIL.isoformat(),
    }
    built = subprocess.run(dbt, cwd=PROJECT_DIR, env=environment, capture_output=True, check=False)
    assert built.returncode == 0, built.stdout[-3000:]
    return ByHand(settings, built.stdout + built.stderr)


@pytest.fixture(scope="module")
def sound_marts(company: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A published file with rows for every rule."""
    path = tmp_path_factory.mktemp("sound") / MARTS_FILE
    shutil.copyfile(company.current / MARTS_FILE, path)
    change(path, ADDED)
    # Each audit ends with a garbage collection, which should skip the objects of earlier tests.
    gc.collect()
    gc.freeze()
    yield path
    gc.unfreeze()


@pytest.fixture
def audit(sound_marts: Path, tmp_path: Path) -> Audit:
    """Audit a copy of the sound file on which `statements` ran."""

    def run(*statements: str, suites: Mapping[str, Suite] | None = None) -> AuditReport:
        copy = tmp_path / MARTS_FILE
        shutil.copy(sound_marts, copy)
        change(copy, *statements)
        return audit_marts(copy, declared_suites() if suites is None else suites)

    return run
