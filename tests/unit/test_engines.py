"""The engine of a home, and what a session of Spark starts with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.core.errors import LockedError, SettingsError
from orchestration.core.settings import load_settings
from orchestration.spark import session


def _release(home: Path, engine: dict[str, str]) -> None:
    folder = home / "releases" / "20260101T000000Z-aaaa"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(engine), encoding="utf-8")


def test_the_releases_of_a_home_decide_its_engine(tmp_path: Path) -> None:
    assert load_settings(tmp_path, environment={}).engine == "duckdb"
    assert load_settings(tmp_path, environment={"CSW_ENGINE": "spark"}).engine == "spark"
    _release(tmp_path, {"engine": "spark"})
    assert load_settings(tmp_path, environment={}).engine == "spark"
    with pytest.raises(SettingsError, match="are on spark, so a run cannot use duckdb"):
        load_settings(tmp_path, engine="duckdb", environment={})


def test_a_release_of_an_earlier_version_is_on_duckdb(tmp_path: Path) -> None:
    _release(tmp_path, {})
    with pytest.raises(SettingsError, match="are on duckdb, so a run cannot use spark"):
        load_settings(tmp_path, environment={"CSW_ENGINE": "spark"})


def test_an_unknown_engine_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no such engine\. Did you mean 'spark'"):
        load_settings(tmp_path, engine="sparc", environment={})


def test_a_spark_of_the_user_keeps_its_own_settings(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, environment={})
    local = session.session_settings(settings, {"CSW_MEMORY_LIMIT": "1.5GB"})
    remote = session.session_settings(settings, {"SPARK_REMOTE": "sc://somewhere"})
    assert local["spark.driver.memory"] == "1536m"
    assert local["spark.sql.warehouse.dir"].startswith(str(tmp_path))
    assert set(remote) < set(local)
    assert remote["spark.sql.decimalOperations.allowPrecisionLoss"] == "false"
    with pytest.raises(SettingsError, match="not a size such as 4GB"):
        session.session_settings(settings, {"CSW_MEMORY_LIMIT": "80%"})


def test_a_missing_java_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # pyspark counts as installed if Python can find a module of this name.
    (tmp_path / "pyspark.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(SettingsError, match="needs Java 17 or 21"):
        session.open_session(load_settings(tmp_path, environment={}))


def test_a_local_catalog_serves_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_CATALOG_SECONDS", 0)
    lock = tmp_path / "dbex.lck"
    lock.touch()
    session.wait_for_catalog(tmp_path)
    hold = "import fcntl, os, sys; d = os.open(sys.argv[1], os.O_RDWR); fcntl.lockf(d, fcntl.LOCK_EX); "
    command = [sys.executable, "-c", hold + "print(flush=True); input()", str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(LockedError, match="a local catalog serves one process at a time"):
            session.wait_for_catalog(tmp_path)
        other.communicate(b"\n")
