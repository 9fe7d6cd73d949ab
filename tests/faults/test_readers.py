"""Readers during a series of releases: no query fails, and no result mixes two releases."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings
from orchestration.maintenance import clean_up
from orchestration.releases import current_release_id, list_releases, publish
from orchestration.releases.export import ALIAS_FILE, MARTS_FILE, seal
from orchestration.releases.manifest import read_manifest, write_manifest
from tests.conftest import copy_home
from tests.runs import PROCESSES

pytestmark = pytest.mark.integration

VARIANTS = 5

# Two queries on one connection, to detect a release that changes between them.
MONTHLY = "select month, closing_mrr from {0}marts.mrr_monthly where dimension = 'all' order by month"
MOVEMENTS = """
    select
        months.month,
        (select sum(mrr_change) from {0}marts.fct_mrr_movements as moved where moved.month <= months.month)
    from (select distinct month from {0}marts.mrr_monthly where dimension = 'all') as months
    order by months.month
"""
READ = ("mrr_monthly", "fct_mrr_movements", "_release")
WHICH = "select release_id from {0}marts._release"


@dataclass
class Report:
    """What one reader saw."""

    reads: int
    releases: int
    problem: str | None


@pytest.mark.parametrize("publishes", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_readers_never_fail_and_never_mix_releases(
    small_company: Settings, tmp_path: Path, publishes: int
) -> None:
    settings = copy_home(small_company, tmp_path / "home")
    first = current_release_id(settings)
    variants = [_variant(settings, tmp_path / str(number), number) for number in range(VARIANTS)]
    readers = [Reader(settings, how) for how in (each_time, keep_open, attach, read_parquet)]
    for reader in readers:
        reader.wait_for_first_read()
    with hold_lock(settings.lock_file, "a test") as lock:
        for number in range(publishes):
            release = _release(settings, variants[number % VARIANTS], number)
            assert publish(settings, release, lock=lock).changed
    reports = {reader.name: reader.stop() for reader in readers[:1] + readers[2:]}

    assert [report.problem for report in reports.values()] == [None] * len(reports)
    assert all(report.reads >= 10 for report in reports.values()), reports
    assert all(report.releases >= 5 for report in reports.values()), reports

    # The reader with an open connection sees the same release all the time, and clean-up keeps that release.
    clean_up(settings, keep=1, min_age_days=0, now=datetime.now(UTC) + timedelta(days=1))
    assert {one.release_id for one in list_releases(settings)} == {
        first,
        f"9-{publishes - 2:04}",
        f"9-{publishes - 1:04}",
    }
    kept = readers[1].stop()
    assert (kept.problem, kept.releases) == (None, 1)
    assert kept.reads >= 10
    clean_up(settings, keep=1, min_age_days=0, now=datetime.now(UTC) + timedelta(days=1))
    assert first not in {one.release_id for one in list_releases(settings)}
    with duckdb.connect(str(settings.current / ALIAS_FILE), read_only=True) as connection:
        assert connection.execute(WHICH.format("")).fetchall() == [(f"variant {(publishes - 1) % VARIANTS}",)]


class Reader:
    """A process that repeats the same queries until it is stopped."""

    def __init__(self, settings: Settings, how: Callable[[Path], Any]) -> None:
        self.name = how.__name__
        self.pipe, theirs = PROCESSES.Pipe()
        self.process = PROCESSES.Process(target=_read, args=(settings.current, how, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def wait_for_first_read(self) -> None:
        assert self.pipe.poll(120)
        assert self.pipe.recv() == "reading", self.name

    def stop(self) -> Report:
        self.pipe.send("stop")
        assert self.pipe.poll(60)
        report: Report = self.pipe.recv()
        self.process.join()
        return report


def each_time(current: Path) -> Any:
    """A connection per question, as a dashboard or a notebook cell makes one."""
    while True:
        with duckdb.connect(str(current / ALIAS_FILE), read_only=True) as connection:
            yield _ask(connection, "")


def keep_open(current: Path) -> Any:
    """One permanent connection, as a server with a pool keeps it."""
    with duckdb.connect(str(current / ALIAS_FILE), read_only=True) as connection:
        while True:
            yield _ask(connection, "")


def attach(current: Path) -> Any:
    """A session that attaches the release next to its own data, and detaches it again."""
    with duckdb.connect() as connection:
        while True:
            connection.execute(f"attach '{current / ALIAS_FILE}' as served (read_only)")
            yield _ask(connection, "served.")
            connection.execute("detach served")


def read_parquet(current: Path) -> Any:
    """The Parquet files of the release that was current when the report began."""
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        while True:
            folder = current.resolve() / "parquet"
            for mart in READ:
                connection.execute(
                    f"create or replace view marts.{mart} as from read_parquet('{folder / mart}.parquet')"
                )
            yield _ask(connection, "")


def _ask(connection: duckdb.DuckDBPyConnection, database: str) -> tuple[str, bool]:
    """The release that answered, and whether its movements add up to its months."""
    monthly, moved, (which,) = (
        connection.execute(question.format(database)).fetchall() for question in (MONTHLY, MOVEMENTS, WHICH)
    )
    return which[0], len(monthly) > 5 and monthly == moved


def _read(current: Path, how: Callable[[Path], Any], pipe: Connection) -> None:
    seen: set[str] = set()
    reads, problem = 0, None
    try:
        for which, adds_up in how(current):
            if not adds_up:
                problem = f"torn after {reads} reads, at {which}"
                break
            reads += 1
            seen.add(which)
            if reads == 1:
                pipe.send("reading")
            if pipe.poll(0):
                break
            # Without a pause, the reader would leave the publisher no processor time.
            time.sleep(0.03)
    except Exception as error:
        problem = f"{type(error).__name__} after {reads} reads: {error}"
    pipe.send(Report(reads, len(seen), problem))


@dataclass(frozen=True)
class Variant:
    """The files of a release with their entries for the manifest."""

    folder: Path
    files: list[dict[str, Any]]


def _variant(settings: Settings, folder: Path, number: int) -> Variant:
    """The marts of the current release with `number` cents more in its last month, in both places."""
    (folder / "parquet").mkdir(parents=True)
    shutil.copyfile(settings.current / MARTS_FILE, folder / MARTS_FILE)
    (folder / MARTS_FILE).chmod(0o600)
    with duckdb.connect(str(folder / MARTS_FILE)) as connection:
        connection.execute(f"update marts.marts._release set release_id = 'variant {number}'")
        last = "(select max(month) from marts.marts.mrr_monthly where dimension = 'all')"
        connection.execute(
            f"update marts.marts.mrr_monthly set closing_mrr = closing_mrr + 0.01 * {number}"
            f" where dimension = 'all' and month = {last}"
        )
        connection.execute(
            "insert into marts.marts.fct_mrr_movements by name"
            f" select * replace (0.01 * {number} as mrr_change, {last} as month)"
            " from (from marts.marts.fct_mrr_movements limit 1)"
        )
        for mart in READ:
            path = folder / "parquet" / f"{mart}.parquet"
            connection.execute(f"copy marts.marts.{mart} to '{path}' (format parquet)")
    os.link(folder / MARTS_FILE, folder / ALIAS_FILE)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return Variant(folder, [asdict(seal(path, folder, 0o444)) for path in files])


def _release(settings: Settings, variant: Variant, number: int) -> str:
    """A release with the files of a variant and the record of the current one, as if a run had made it."""
    name = f"9-{number:04}"
    served = read_manifest(settings.current.resolve())
    folder = settings.releases / name
    shutil.copytree(variant.folder, folder, copy_function=os.link)
    record = {
        "release_id": name,
        "parent": current_release_id(settings),
        "sequence": served["sequence"] + 1,
        "fingerprint": name,
        "created_at": datetime.now(UTC).isoformat(),
        "files": variant.files,
    }
    write_manifest(folder, {**served, **record})
    return name
