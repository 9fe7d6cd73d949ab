"""Fixtures for every test: no settings from the caller's shell, and one small published warehouse."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from orchestration.core.settings import Settings, load_settings
from orchestration.refresh import refresh
from simulator import simulate
from tests.shared import made_once, share_in, spare_parsing

UNTIL = date(2026, 1, 1)


@pytest.fixture(scope="session", autouse=True)
def quiet(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Remove settings of the caller's shell, and set the folder that all processes share."""
    folder = tmp_path_factory.getbasetemp()
    share_in(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)
    for name in [name for name in os.environ if name.startswith("CSW_")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def small_company() -> Settings:
    """A small published warehouse, to be copied."""
    return made_once("small", lambda home: publish_company(home, 60, 14, 3))


def publish_company(home: Path, accounts: int, months: int, seed: int, *, messy: bool = False) -> Settings:
    """Simulate a company, and run the real job on it."""
    settings = spare_parsing(load_settings(home=home, as_of=UNTIL.isoformat()))
    simulate(accounts, months, seed, settings.landing, until=UNTIL, messy=messy)
    outcome = refresh(settings, landing_is_given=False)
    assert outcome.release_id, outcome.message
    return settings


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Settings], Settings]:
    """A private copy of a warehouse."""

    def copy(original: Settings) -> Settings:
        return copy_home(original, tmp_path / "home")

    return copy


def copy_home(original: Settings, home: Path) -> Settings:
    """A copy of a warehouse in the folder `home`, which must not exist yet."""
    shutil.copytree(original.home, home, symlinks=True)
    return load_settings(home=home, as_of=original.as_of.isoformat())


def fingerprint_of_current(settings: Settings) -> dict[str, str]:
    """The target of `current`, and the hash of every file there."""
    folder = settings.current.resolve()
    hashes = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    assert "marts.duckdb" in hashes
    return {"target": os.readlink(settings.current), **hashes}
