"""Releases are complete and sealed, are served as one unit, and can be switched and rolled back."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.errors import AuditError, BuildError, LockedError, PublishError
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings
from orchestration.releases import current_release_id, list_releases, publish, query_current, rollback
from orchestration.releases.candidate import clear_leftovers
from orchestration.releases.experiments import experiment_reason
from orchestration.releases.export import ReleaseStamp, export_marts
from orchestration.releases.history import current_manifest, release_folder, rolled_back_release_id
from orchestration.releases.manifest import read_manifest
from orchestration.releases.query import query_release
from orchestration.releases.verify import verify_releases
from tests.shared import declared_contracts
from tests.unit.release_case import (
    make_candidate,
    make_release,
    make_report,
    make_warehouse,
    unpublish,
)


def test_a_release_is_complete_sealed_and_current(settings: Settings) -> None:
    make_release(settings, "1-one")
    folder = settings.releases / "1-one"
    assert os.readlink(settings.current) == "releases/1-one"
    assert sorted(path.name for path in folder.iterdir()) == [
        "csw.duckdb",
        "dbt",
        "manifest.json",
        "marts.duckdb",
        "parquet",
        "warehouse.duckdb",
    ]
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in folder.rglob("*") if path.is_file()}
    assert modes.pop("warehouse.duckdb") == "0o400"
    assert set(modes.values()) == {"0o444"}
    manifest = current_manifest(settings)
    assert manifest is not None
    assert (manifest["sequence"], manifest["parent"]) == (1, None)
    assert str(settings.home) not in json.dumps(manifest)
    assert not list(settings.runs.iterdir())


def test_the_served_file_holds_the_marts_and_nothing_else(settings: Settings) -> None:
    make_release(settings, "1-one")
    with duckdb.connect(str(settings.current / "marts.duckdb"), read_only=True) as connection:
        schemas = connection.execute("select distinct table_schema from information_schema.tables").fetchall()
        comments = connection.execute(
            "select comment from duckdb_columns() where comment is not null"
            " union all select comment from duckdb_tables() where comment is not null order by 1"
        ).fetchall()
        stamp = connection.execute(
            "select release_id, code_version, checks_passed, raw_batches, typeof(published_at)"
            " from marts.marts._release"
        ).fetchone()
        tag = connection.execute(
            "select tags from duckdb_databases() where database_name = 'marts'"
        ).fetchone()
    assert schemas == [("marts",)]
    assert comments == [("At the end; it's signed",), ("Monthly recurring revenue",)]
    assert stamp == ("1-one", "abc", 7, 2, "TIMESTAMP")
    assert tag is not None
    assert tag[0]["storage_version"].startswith("v1.0.0")


def test_the_second_file_name_allows_schema_qualified_marts(settings: Settings) -> None:
    make_release(settings, "1-one")
    first, second = settings.current / "marts.duckdb", settings.current / "csw.duckdb"
    assert first.samefile(second)
    with duckdb.connect(str(second), read_only=True) as connection:
        assert connection.execute('select count(*) from "marts"."mrr_monthly"').fetchall() == [(2,)]


def test_parquet_holds_the_same_rows(settings: Settings) -> None:
    make_release(settings, "1-one")
    path = settings.current / "parquet" / "mrr_monthly.parquet"
    rows = duckdb.execute(f"select closing_mrr, typeof(closing_mrr) from '{path}' order by month").fetchall()
    assert [(str(value), kind) for value, kind in rows] == [
        ("10.0000", "DECIMAL(18,4)"),
        ("12.5000", "DECIMAL(18,4)"),
    ]


def test_published_row_order_does_not_depend_on_build_order(tmp_path: Path) -> None:
    rows = [f"('m{n % 7}', 'a{n % 50:02}', date '2024-01-01' + {n // 50}, {n}.5)" for n in range(500)]
    parquet = []
    for name, shuffled in (("up", rows), ("down", rows[::-1])):
        make_warehouse(tmp_path / f"{name}.duckdb")
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as connection:
            connection.execute(
                f"create or replace table marts.mrr_monthly as from (values {', '.join(shuffled)})"
                " t(movement_id, account_id, month, mrr)"
            )
        stamp = ReleaseStamp("1", datetime(2025, 1, 1, tzinfo=UTC), "abc", 0, 0)
        export_marts(tmp_path / f"{name}.duckdb", tmp_path / name, stamp, declared_contracts())
        parquet.append(tmp_path / name / "parquet" / "mrr_monthly.parquet")
    assert parquet[0].read_bytes() == parquet[1].read_bytes()
    first = duckdb.execute(f"select account_id, month from '{parquet[0]}' limit 11").fetchall()
    assert [account for account, _ in first] == ["a00"] * 10 + ["a01"]
    assert [day for _, day in first[:10]] == sorted(day for _, day in first[:10])


def test_an_experiment_does_not_change_the_current_release(settings: Settings) -> None:
    make_release(settings, "1-one")
    make_release(settings, "2-two", experiment="command-line policies: pause_policy = keep")
    assert current_release_id(settings) == "1-one"
    assert [(one.release_id, one.experiment, one.is_current) for one in list_releases(settings)] == [
        ("1-one", None, True),
        ("2-two", "command-line policies: pause_policy = keep", False),
    ]
    assert query_release(settings, "select release_id from _release", "2-t").rows == [("2-two",)]
    with pytest.raises(PublishError, match=r"never published .*pause_policy = keep.*`csw publish 2-two`"):
        rollback(settings, "2-two")
    with pytest.raises(AuditError):
        make_release(settings, "3-three", experiment="a reason", report=make_report("mrr_monthly"))
    # The parent of the next release, and of a published experiment, is the current release.
    make_release(settings, "4-four")
    assert read_manifest(settings.releases / "4-four")["parent"] == "1-one"
    with pytest.raises(PublishError, match="4-four was published after the run of 2-two started"):
        publish(settings, "2-two")


def test_a_published_experiment_must_meet_the_limits(settings: Settings) -> None:
    base = {"2024-11-01": ("1000.0000", 100), "2024-12-01": ("1100.0000", 110)}
    make_release(settings, "1-one", months=base)
    other = {**base, "2024-11-01": ("500.0000", 100)}
    make_release(settings, "2-two", months=other, experiment="a reason", policies={"pause_policy": "keep"})
    assert list_releases(settings)[-1].waits_for == ()
    with pytest.raises(AuditError, match=r"restated_mrr: from 1,000 to 500 in 2024-11 \(-50%\)"):
        publish(settings, "2-two")
    assert current_release_id(settings) == "1-one"
    done = publish(settings, "2-two", accept={"restated_mrr": "we count pauses otherwise now"})
    assert done.changed
    assert "CSW_POLICIES again, and restates" in done.message
    manifest = current_manifest(settings)
    assert manifest is not None
    assert manifest["experiment"] is None
    assert [one["name"] for one in manifest["gate"]["accepted"]] == ["restated_mrr"]
    assert verify_releases(settings, "current")[0].problem is None
    make_release(settings, "3-three", months=other)
    assert rollback(settings).release_id == "2-two"


def test_a_release_can_be_named_by_the_start_of_its_id(settings: Settings) -> None:
    for name in ("1-one", "1-only", "2-two"):
        make_release(settings, name)
    assert release_folder(settings, "2").name == "2-two"
    assert release_folder(settings, "1-one").name == "1-one"
    assert release_folder(settings, "current").name == "2-two"
    with pytest.raises(PublishError, match="2 releases start with '1-o': 1-one, 1-only"):
        release_folder(settings, "1-o")
    with pytest.raises(PublishError, match="no release 3"):
        query_release(settings, "select 1", "3")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"as_of": datetime(2025, 1, 2, tzinfo=UTC)}, None),
        (
            {"as_of": datetime(2024, 1, 1, tzinfo=UTC)},
            "as of 2024-01-01T00:00:00+00:00, earlier than 2025-01-01",
        ),
        # The clock of the machine went back, and no user asked for an earlier instant.
        ({"as_of": datetime(2024, 1, 1, tzinfo=UTC), "as_of_is_given": False}, None),
        ({"policies": {"pause_policy": "keep"}}, None),
        (
            {
                "policies": {"pause_policy": "keep", "slice_dimensions": []},
                "asked_policies": ("slice_dimensions",),
            },
            "command-line policies: slice_dimensions = []",
        ),
        ({"known_at": datetime(2024, 1, 1, tzinfo=UTC)}, "only files known at 2024-01-01T00:00:00+00:00"),
    ],
)
def test_which_settings_make_an_experiment(
    settings: Settings, changes: dict[str, Any], reason: str | None
) -> None:
    asked = replace(settings, **changes)
    assert experiment_reason(asked) is None, "the first release of a home is published"
    make_release(settings, "1-one")
    found = experiment_reason(asked)
    assert found == reason or (reason and str(found).startswith(reason))
    assert experiment_reason(replace(asked, publish=True)) is None


def test_published_marts_are_exported_views_as_tables(settings: Settings, tmp_path: Path) -> None:
    make_warehouse(tmp_path / "w.duckdb")
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("create view marts.derived as select 1 as a union all select 2")
        connection.execute("comment on view marts.derived is 'Made of others.'")
    stamp = ReleaseStamp("1", settings.as_of, "abc", 0, 0)
    published = {*declared_contracts(), "derived"} - {"nps_cohorts"}
    export = export_marts(tmp_path / "w.duckdb", tmp_path / "export", stamp, published)
    assert {table.name for table in export.tables} == published
    assert not (tmp_path / "export" / "parquet" / "nps_cohorts.parquet").exists()
    with duckdb.connect(str(tmp_path / "export" / "marts.duckdb"), read_only=True) as connection:
        assert connection.execute("from marts.marts.derived order by a").fetchall() == [(1,), (2,)]
        kinds = "select table_type, table_comment from information_schema.tables where table_name = 'derived'"
        assert connection.execute(kinds).fetchall() == [("BASE TABLE", "Made of others.")]


@pytest.mark.parametrize("mart", ["_release", "_restatements", "_account_merges"])
def test_marts_that_every_release_has_cannot_be_left_out(
    settings: Settings, tmp_path: Path, mart: str
) -> None:
    make_warehouse(tmp_path / "w.duckdb")
    stamp = ReleaseStamp("1", settings.as_of, "abc", 0, 0)
    with pytest.raises(BuildError, match=rf"Every release needs the mart {mart},"):
        export_marts(tmp_path / "w.duckdb", tmp_path / "export", stamp, {*declared_contracts()} - {mart})


def test_publishing_again_changes_nothing(settings: Settings) -> None:
    make_release(settings, "1-one")
    before = settings.current.lstat()
    again = publish(settings, "1-one")
    assert not again.changed
    assert settings.current.lstat() == before
    assert make_release(settings, "2-same", fingerprint="1-one")
    assert current_release_id(settings) == "1-one"
    make_release(settings, "3-forced", fingerprint="1-one", forced=True)
    assert current_release_id(settings) == "3-forced"


def test_a_run_killed_before_the_switch_can_be_finished(settings: Settings) -> None:
    make_release(settings, "1-one")
    unpublish(settings)
    assert publish(settings, "1-one").changed
    assert current_release_id(settings) == "1-one"


def test_publishing_fails_immediately_while_a_run_writes(settings: Settings) -> None:
    make_release(settings, "1-one")
    with hold_lock(settings.lock_file, "csw run"), pytest.raises(LockedError, match="csw run"):
        publish(settings, "1-one")


def test_readers_always_see_one_complete_release(settings: Settings) -> None:
    make_release(settings, "1-one")
    make_release(settings, "2-two")
    seen: set[str] = set()
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                seen.add(query_current(settings, "select release_id from _release").rows[0][0])
        except BaseException as error:
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        rollback(settings, "1-one")
        rollback(settings, "2-two")
    done.set()
    reader.join()
    assert not failures
    assert seen <= {"1-one", "2-two"}
    assert not list(settings.home.glob(".current*"))


def test_rollback_restores_the_previous_or_a_named_release(settings: Settings) -> None:
    for name in ("1-one", "2-two", "3-three"):
        make_release(settings, name)
    assert rollback(settings).release_id == "2-two"
    assert rolled_back_release_id(settings) == "3-three"
    assert rollback(settings, "1-one").release_id == "1-one"
    assert query_current(settings, "select release_id from _release").rows == [("1-one",)]
    with pytest.raises(PublishError, match="no previous release"):
        rollback(settings)
    make_release(settings, "4-four")
    assert rolled_back_release_id(settings) is None
    assert [(one.release_id, one.is_current) for one in list_releases(settings)][-1] == ("4-four", True)


@pytest.mark.parametrize("name", ["9-none", "../elsewhere", ".tmp-1-one"])
def test_rollback_to_a_missing_release_is_refused(settings: Settings, name: str) -> None:
    make_release(settings, "1-one")
    with pytest.raises(PublishError):
        rollback(settings, name)
    assert current_release_id(settings) == "1-one"


def test_rollback_to_a_damaged_release_is_refused(settings: Settings) -> None:
    make_release(settings, "1-one")
    make_release(settings, "2-two")
    path = settings.releases / "1-one" / "marts.duckdb"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(PublishError, match="changed after the audit"):
        rollback(settings)
    assert current_release_id(settings) == "2-two"


def test_a_dangling_current_is_explained_and_can_be_fixed(settings: Settings) -> None:
    make_release(settings, "1-one")
    make_release(settings, "2-two")
    (settings.releases / "2-two").rename(settings.home / "lost")
    with pytest.raises(PublishError, match=r"csw rollback <id>"):
        current_manifest(settings)
    rollback(settings, "1-one")
    assert query_current(settings, "select 1 as a").rows == [(1,)]


def test_leftovers_of_dead_runs_are_removed_but_not_the_current_run(settings: Settings) -> None:
    make_release(settings, "1-one")
    dead = make_candidate(settings, "2-dead")
    mine = make_candidate(settings, "3-mine")
    (settings.releases / ".tmp-2-dead").mkdir()
    clear_leftovers(settings, mine)
    assert not dead.folder.exists()
    assert mine.warehouse.exists()
    assert [path.name for path in settings.releases.iterdir()] == ["1-one"]
