"""One small company for all faults: published once, with one more file that every faulty run lands."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.core.database import connect
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.landing import (
    accepted_batches,
    create_landing_records,
    create_raw_relations,
    known_batches,
)
from orchestration.releases.candidate import open_candidate
from tests.conftest import copy_home, fingerprint_of_current
from tests.runs import Run, Stage, run_to_the_end
from tests.shared import made_once

HEADER = "subscription_id,account_id,currency,unit_amount,interval,period_start\n"
VARYING = {"_release", "_restatements", "_account_merges", "_data_quality"}
"""Marts with names of releases or arrival times of files."""

MORE = "S-more,A-more,USD,10,month,2025-03-01\n"


@dataclass(frozen=True)
class Meanwhile:
    """Results of other processes that worked while a run was building."""

    pid: int
    """Process of the run."""
    second_run: subprocess.CompletedProcess[str]
    by_hand: subprocess.CompletedProcess[str]
    database: Path
    """The database of the dbt run by hand."""


@dataclass(frozen=True)
class Delivered:
    """The small company with one more delivered file, which no run has landed yet."""

    settings: Settings
    built: Stage
    """The candidate of a run at the end of the build."""
    meanwhile: Meanwhile


@dataclass(frozen=True)
class Undisturbed:
    """A run without a fault."""

    audited: Stage
    """Its candidate at the end of the audit."""
    marts: dict[str, str]
    """Hash of each mart's Parquet file, except the VARYING ones."""
    seconds: float
    """From its start to its end, without the time of dbt."""


def deliver(settings: Settings, name: str, rows: str) -> None:
    """Put subscription periods into the landing folder."""
    folder = settings.landing / "generic" / "subscription_periods"
    (folder / name).write_text(HEADER + rows, encoding="utf-8")


def marts_of_current(settings: Settings) -> dict[str, str]:
    """Hash of each mart's Parquet file, except the VARYING ones."""
    files = fingerprint_of_current(settings)
    return {
        path: digest
        for path, digest in files.items()
        if path.startswith("parquet/") and Path(path).stem not in VARYING
    }


@pytest.fixture(scope="session")
def delivered(small_company: Settings) -> Delivered:
    """Built once by dbt, while other processes try to work too."""
    return made_once("delivered", lambda folder: _deliver(small_company, folder))


def _deliver(small_company: Settings, folder: Path) -> Delivered:
    settings = copy_home(small_company, folder / "home")
    deliver(settings, "more.csv", MORE)
    elsewhere = copy_home(settings, folder / "built")
    run = Run(elsewhere, "built", events=5, end="built").start().reach()
    meanwhile = _work_beside(elsewhere, run.process.pid, folder / "by-hand")
    outcome = run.go_on().outcome()
    assert outcome[0] == "done", outcome
    built = Stage.of(open_candidate(elsewhere, "built"), folder / "stage")
    return Delivered(settings, built, meanwhile)


@pytest.fixture(scope="session")
def undisturbed(delivered: Delivered) -> Undisturbed:
    return made_once("undisturbed", lambda folder: _leave_alone(delivered, folder))


def _leave_alone(delivered: Delivered, folder: Path) -> Undisturbed:
    settings = copy_home(delivered.settings, folder / "home")
    started = time.monotonic()
    outcome = Run(settings, "first", stage=delivered.built, end="audited").start().outcome()
    assert outcome[0] == "done", outcome
    audited = Stage.of(open_candidate(settings, "first"), folder / "stage", is_audited=True)
    run_to_the_end(settings, "second", audited)
    seconds = time.monotonic() - started
    return Undisturbed(audited, marts_of_current(settings), seconds)


@pytest.fixture
def home(delivered: Delivered, tmp_path: Path) -> Settings:
    """A copy that a test may damage."""
    return copy_home(delivered.settings, tmp_path / "home")


def _work_beside(settings: Settings, pid: int, folder: Path) -> Meanwhile:
    database = folder / "warehouse.duckdb"
    folder.mkdir()
    with connect(database) as connection:
        create_raw_relations(connection, load_contracts(), accepted_batches(settings))
        create_landing_records(connection, settings, load_contracts(), known_batches(settings))
    environment = os.environ | {
        "CSW_HOME": str(settings.home),
        "CSW_WAREHOUSE": str(database),
        "DBT_PROFILES_DIR": str(settings.dbt),
        "DO_NOT_TRACK": "1",
    }
    dbt = [str(Path(sys.executable).parent / "dbt"), "run", "--select", "stg_generic__accounts"]
    dbt += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    again = [sys.executable, "-m", "orchestration", "run", "--home", str(settings.home)]
    told, by_hand = (
        subprocess.run(command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=False)
        for command in (again, dbt)
    )
    return Meanwhile(pid, told, by_hand, database)
