"""kill -9 between the steps of a run on Spark: readers see one whole release, and the next command recovers.

Each killed process starts with what the one before it left, and writes down what it finds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings, load_settings
from orchestration.maintenance import clean_up
from orchestration.pipeline.steps import publish_step
from orchestration.releases import current_release_id, list_releases, rollback
from orchestration.releases.candidate import clear_leftovers, open_candidate
from orchestration.releases.manifest import read_manifest
from orchestration.releases.store import store_of
from orchestration.releases.verify import verify_releases
from tests.runs import Place, Run
from tests.spark.local import open_local, shown_schemas
from tests.spark.small_release import make_candidate

pytestmark = pytest.mark.slow

STORE = "orchestration.releases.spark_store"
PLACES = {
    "build: some marts made": Place("tests.spark.small_release.spark_sql", about="mrr_monthly"),
    "views: some changed": Place(f"{STORE}._point_view", about="mrr_monthly"),
    "export: a stamped table not written": Place(
        "orchestration.releases.spark_tables._replace", about="_restatements"
    ),
    "views: all changed, not marked": Place(f"{STORE}._mark", about="4-release"),
    "manifest: not written": Place("orchestration.releases.assembly.write_manifest"),
    "switch: made, no view changed": Place("orchestration.releases.publish.swap_symlink", after=True),
    "switch: release named, not published": Place("orchestration.pipeline.steps.publish"),
    "switch: on record, not made": Place("orchestration.releases.publish.append_line", after=True),
}
"""No place of views follows another one, because the repair of the process after it would reach it too."""

ROLLBACK = "rollback: link made, no view changed"
SWITCHED = {
    "switch: made, no view changed",
    "views: some changed",
    "views: all changed, not marked",
    ROLLBACK,
}


@dataclass(frozen=True)
class Found:
    """What a process found before it did anything, and after it repaired the views."""

    current: str
    schemas: list[str]
    """The schemas that the views read."""
    repaired: list[str]
    expected: str
    """The schema of the marts of the current release."""
    answer: int


@dataclass(frozen=True)
class Ended:
    """What was found after each kill, and the state at the end."""

    found: dict[str, Found]
    killed_in: dict[str, str]
    """The release that was current when the run started, by place."""
    left: dict[str, Any]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("spark-killed")
    settings = load_settings(folder / "home", as_of="2025-01-01", engine="spark", environment={})
    making = partial(attempt, number=0, report=folder / "first.json")
    outcome = Run(settings, "first", work=making).start().outcome()
    assert outcome[0] == "done", outcome
    reports: dict[str, Path] = {}
    started: dict[str, str] = {}
    name = ""
    works: dict[str, tuple[Place, Callable[..., str]]] = {
        **{each: (place, attempt) for each, place in PLACES.items()},
        ROLLBACK: (Place("orchestration.releases.publish.swap_symlink", after=True), back),
    }
    for number, (each, (place, work)) in enumerate(works.items(), start=1):
        report = folder / f"{number}.json"
        if name:
            reports[name] = report
        started[each] = str(current_release_id(settings))
        done = partial(work, number=number, report=report)
        Run(settings, f"killed-{number}", place, work=done).start().reach().kill()
        name = each
    reports[name] = folder / "end.json"
    last = Run(settings, "end", work=partial(finish, number=99, report=reports[name])).start().outcome()
    assert last[0] == "done", last
    found = {each: Found(**json.loads(path.read_text())) for each, path in reports.items()}
    return Ended(found, started, json.loads(last[1]))


def attempt(settings: Settings, *, number: int, report: Path) -> str:
    """Look, then make and publish a release."""
    spark = open_local(settings)
    look(spark, settings, report)
    with hold_lock(settings.lock_file, "a test") as lock:
        candidate = open_candidate(settings, f"{number:012d}")
        clear_leftovers(settings, candidate)
        make_candidate(spark, settings, candidate, f"{number}-release", lock)
        return publish_step(settings, candidate, lock).release_id


def back(settings: Settings, *, number: int, report: Path) -> str:
    """Look, then roll back."""
    look(open_local(settings), settings, report)
    return rollback(settings).release_id


def finish(settings: Settings, *, number: int, report: Path) -> str:
    """Look, make a last release, remove old ones, and describe what is left."""
    attempt(settings, number=number, report=report)
    spark = open_local(settings)
    problems = [one.problem for one in verify_releases(settings) if one.problem]
    later = datetime.now(UTC) + timedelta(days=1)
    clean_up(settings, keep=1, min_age_days=0, now=later)
    current = current_release_id(settings)
    answered = store_of(settings).query(settings, "current", "select release_id from _release", None, None)
    return json.dumps(
        {
            "current": current,
            "problems": problems,
            "views": sorted(shown_schemas(spark)),
            "schemas": sorted(
                row.namespace
                for row in spark.sql("show schemas").collect()
                if row.namespace.startswith("csw_")
            ),
            "needed": sorted(
                schema
                for one in list_releases(settings)
                for schema in read_manifest(settings.releases / one.release_id)["schemas"].values()
            ),
            "answer": answered.rows[0][0],
        }
    )


def look(spark: Any, settings: Settings, report: Path) -> None:
    """Write down what readers see before any command, and after the repair that every command starts with."""
    current = current_release_id(settings)
    if current is None:
        return
    schemas = sorted(shown_schemas(spark))
    answer = spark.sql("select count(*) from marts.mrr_monthly").collect()[0][0]
    store_of(settings).repair(settings)
    found = Found(
        current,
        schemas,
        sorted(shown_schemas(spark)),
        read_manifest(settings.releases / current)["schemas"]["marts"],
        answer,
    )
    report.write_text(json.dumps(vars(found)), encoding="utf-8")


@pytest.mark.parametrize("name", [*PLACES, ROLLBACK])
def test_readers_see_whole_releases_after_a_kill(ended: Ended, name: str) -> None:
    found, before = ended.found[name], ended.killed_in[name]
    assert (found.current != before) == (name in SWITCHED)
    if name not in SWITCHED:
        assert found.schemas == [found.expected]
    assert found.repaired == [found.expected]
    assert found.answer > 0


def test_the_last_run_and_gc_leave_nothing_else(ended: Ended) -> None:
    left = ended.left
    assert left["current"] == left["answer"] == "99-release"
    assert left["problems"] == []
    assert left["schemas"] == left["needed"]
    assert len(left["views"]) == 1
