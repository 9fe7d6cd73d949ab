"""kill -9 at any point of a run: the served release stays complete, and the next run recovers by itself."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.core.errors import CswError
from orchestration.core.lock import is_locked
from orchestration.core.settings import Settings, load_settings
from orchestration.landing import accepted_batches
from orchestration.maintenance import clean_up
from orchestration.releases import current_release_id, list_releases, publish, query_current
from orchestration.releases.verify import verify_releases
from tests.conftest import copy_home, fingerprint_of_current
from tests.faults.conftest import Delivered, Undisturbed, marts_of_current
from tests.runs import Place, Run, run_to_the_end
from tests.unit.release_case import make_release

pytestmark = pytest.mark.integration

# In the order of a run. The killed runs share one warehouse, so that each starts from the leftovers
# of the one before and gets further.
LANDING = {
    "land: rows written, their record not": Place("orchestration.landing.content.write_record"),
    "land: done, the candidate not begun": Place("orchestration.pipeline.on_duckdb.accepted_batches"),
}
PLACES = {
    "export: file written, not sealed": Place("orchestration.releases.export.seal"),
    "report: some pages written": Place("orchestration.report.site.account_pages"),
    "audit: under way": Place("orchestration.quality.audit._audit_mart", after=True),
    "audit: done, not noted": Place("orchestration.pipeline.on_duckdb.audit", after=True),
    "manifest: not written": Place("orchestration.releases.assembly.write_manifest"),
    "manifest: written, the release not named": Place(
        "orchestration.releases.assembly.write_manifest", after=True
    ),
    "switch: release named, not published": Place("orchestration.pipeline.steps.publish"),
    "switch: on record, not made": Place("orchestration.releases.publish.append_line", after=True),
    "switch: link made, not in place": Place("orchestration.core.files.os.replace", about="current"),
    "switch: made": Place("orchestration.releases.publish.swap_symlink", after=True),
}
AUDITED = ("manifest:", "switch:")
"""Places after the audit, for which the test copies an audited candidate."""
SWITCHED = "switch: made"


@dataclass(frozen=True)
class Killed:
    """A warehouse after the kill."""

    before: dict[str, str]
    after: dict[str, str]
    problems: tuple[str, ...]
    """Problems of releases that are not complete."""
    answer: int
    """Accounts that a reader counted."""
    is_locked: bool
    releases: tuple[str, ...]
    finished: str | None
    """Result of `csw publish` for the newest release, in a copy; None if that release was current."""


@dataclass(frozen=True)
class Ended:
    """All kills, and the run after the last of them."""

    killed: dict[str, Killed]
    settings: Settings


@pytest.fixture(scope="module")
def ended(delivered: Delivered, undisturbed: Undisturbed, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("killed")
    settings = copy_home(delivered.settings, folder / "home")
    killed: dict[str, Killed] = {}

    def kill(name: str, run: Run, wait: Callable[[Run], object]) -> None:
        before = fingerprint_of_current(settings)
        run.start()
        wait(run)
        run.kill()
        killed[name] = _look(settings, before, folder / f"copy-{len(killed)}")

    for name, place in LANDING.items():
        kill(name, Run(settings, "landing", place, delivered.built), Run.reach)
    kill("build: under way", Run(settings, "building", events=40), Run.reach)
    moments = random.Random(7)
    for number in range(2):
        seconds = undisturbed.seconds * moments.random()
        run = Run(settings, f"moment-{number}", stage=delivered.built)
        kill(f"some moment {number}", run, _after(seconds))
    for number, (name, place) in enumerate(PLACES.items()):
        stage = undisturbed.audited if name.startswith(AUDITED) else delivered.built
        kill(name, Run(settings, f"killed-{number}", place, stage), Run.reach)
    run_to_the_end(settings, "good", delivered.built)
    return Ended(killed, settings)


def _after(seconds: float) -> Callable[[Run], None]:
    """Wait for a fixed time, at any point of the run."""
    return lambda _: time.sleep(seconds)


def _look(settings: Settings, before: dict[str, str], spare: Path) -> Killed:
    newest = [one.release_id for one in list_releases(settings)][-1]
    finished = None
    if newest != current_release_id(settings):
        copy = copy_home(settings, spare)
        with suppress(CswError):
            finished = publish(copy, newest).release_id
        shutil.rmtree(spare)
    return Killed(
        before=before,
        after=fingerprint_of_current(settings),
        problems=tuple(one.problem for one in verify_releases(settings) if one.problem),
        answer=query_current(settings, "select count(*) from dim_accounts").rows[0][0],
        is_locked=is_locked(settings.lock_file),
        releases=tuple(one.release_id for one in list_releases(settings)),
        finished=finished,
    )


NAMES = [*LANDING, "build: under way", *(f"some moment {number}" for number in range(2)), *PLACES]


@pytest.mark.parametrize("name", NAMES)
def test_a_kill_leaves_the_served_release_intact(ended: Ended, name: str) -> None:
    killed = ended.killed[name]
    if name == SWITCHED:
        assert killed.after["target"] != killed.before["target"]
    elif not name.startswith("some moment") or killed.after["target"] == killed.before["target"]:
        assert killed.after == killed.before
    assert killed.problems == ()
    assert killed.answer > 0
    assert not killed.is_locked


def test_a_complete_unpublished_release_can_be_published(ended: Ended) -> None:
    for name, place in PLACES.items():
        killed = ended.killed[name]
        if name.startswith("switch:") and name != SWITCHED:
            assert killed.finished == killed.releases[-1], place


def test_the_run_after_a_kill_makes_the_same_release(ended: Ended, undisturbed: Undisturbed) -> None:
    settings = ended.settings
    assert marts_of_current(settings) == undisturbed.marts
    accepted = accepted_batches(settings)
    assert sum(batch.file_name == "more.csv" for batch in accepted) == 1
    assert not list(settings.runs.iterdir())
    assert not list(settings.releases.glob(".*"))
    assert not list(settings.home.glob(".current*"))
    assert not list((settings.raw / ".incoming").glob("*"))


def test_a_killed_cleanup_leaves_no_partial_release(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home", as_of="2025-01-01", environment={})
    for number in range(1, 5):
        make_release(settings, f"{number}-release")
    before = fingerprint_of_current(settings)
    place = Place("os.unlink", after=True, about="duckdb")
    Run(settings, "cleanup", place, work=remove_all_but_two).start().reach().kill()
    left = [one.name for one in settings.releases.iterdir()]
    assert len(left) == 4
    assert sum(name.startswith(".tmp-") for name in left) == 1
    assert not any(one.problem for one in verify_releases(settings))
    assert fingerprint_of_current(settings) == before
    remove_all_but_two(settings)
    assert sorted(one.name for one in settings.releases.iterdir()) == ["3-release", "4-release"]
    assert fingerprint_of_current(settings) == before


def remove_all_but_two(settings: Settings) -> str:
    later = datetime.now(UTC) + timedelta(days=1)
    return str(len(clean_up(settings, keep=2, min_age_days=0, now=later).removed))
