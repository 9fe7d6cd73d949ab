"""The disk fills up at any point of a run: there is a message, nothing is half-published, and a retry works.

If this user may mount a disk, the warehouse is on a small disk in memory, which the test fills completely.
Otherwise a limit on the size of files makes writing fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.core.settings import Settings
from orchestration.landing import all_batches
from orchestration.releases import query_current
from orchestration.releases.verify import verify_releases
from tests.conftest import copy_home, fingerprint_of_current
from tests.faults.conftest import Delivered, Undisturbed, marts_of_current
from tests.runs import Place, Run, run_to_the_end

pytestmark = pytest.mark.integration

MEGABYTE = 1 << 20
SIZE = 320 * MEGABYTE


@dataclass(frozen=True)
class Fault:
    """Where the disk fills up."""

    place: Place | None
    events: int | None = None
    """Instead of a place: after this number of models and tests of a build by dbt."""
    left: int = 0
    """Bytes that still fit."""
    is_audited: bool = False
    """Whether the audit is over by then."""
    by_limit: bool = False
    """Whether a limit on the size of files replaces the full disk."""


FAULTS = {
    "land": Fault(Place("orchestration.landing.loader.load_content")),
    "build": Fault(None, events=25),
    "export": Fault(Place("orchestration.pipeline.on_duckdb.export_marts"), left=MEGABYTE // 2),
    "report": Fault(Place("orchestration.report.site.read_definitions")),
    "audit": Fault(Place("orchestration.pipeline.on_duckdb.audit", after=True)),
    "manifest": Fault(Place("orchestration.releases.assembly.write_manifest"), is_audited=True),
    "manifest, by a limit": Fault(
        Place("orchestration.releases.assembly.write_manifest"), is_audited=True, by_limit=True
    ),
    "switch: record": Fault(Place("orchestration.releases.publish.append_line"), is_audited=True),
    "switch: link": Fault(Place("orchestration.releases.publish.swap_symlink"), is_audited=True),
}


class Disk:
    """A warehouse on a disk that can be filled up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.is_mounted = _mount(folder)

    def fill(self, run: Run, fault: Fault) -> None:
        """Let the run continue with only as much space as the fault leaves."""
        left = fault.left
        if fault.by_limit or not self.is_mounted:
            run.go_on(left)
            return
        with (self.folder / "filler").open("wb") as filler:
            for block in (MEGABYTE, 4096, 1):
                _write_until_full(filler.fileno(), block)
            if left:
                filler.truncate(filler.seek(0, 2) - left)
        # No space even for a link or an empty file.
        if not left:
            _use_up_names(self.folder / "names")
        run.go_on()

    def make_room(self) -> None:
        (self.folder / "filler").unlink(missing_ok=True)
        shutil.rmtree(self.folder / "names", ignore_errors=True)

    def close(self) -> None:
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@dataclass(frozen=True)
class Starved:
    """The outcome of a run, and its warehouse after it."""

    outcome: tuple[str, ...]
    before: dict[str, str]
    after: dict[str, str]
    problems: tuple[str, ...]
    answer: int
    blamed: tuple[str, ...]
    """Files that were refused."""


@dataclass(frozen=True)
class Ended:
    """All faults, and the run after the last of them."""

    starved: dict[str, Starved]
    settings: Settings
    is_mounted: bool


@pytest.fixture(scope="module")
def ended(
    delivered: Delivered, undisturbed: Undisturbed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ended]:
    disk = Disk(tmp_path_factory.mktemp("disk") / "disk")
    try:
        settings = copy_home(delivered.settings, disk.folder / "home")
        starved = {}
        for number, (name, fault) in enumerate(FAULTS.items()):
            before = fingerprint_of_current(settings)
            stage = undisturbed.audited if fault.is_audited else None if fault.events else delivered.built
            run = Run(settings, f"starved-{number}", fault.place, stage, fault.events).start().reach()
            disk.fill(run, fault)
            outcome = run.outcome()
            starved[name] = Starved(
                outcome=outcome,
                before=before,
                after=fingerprint_of_current(settings),
                problems=tuple(one.problem for one in verify_releases(settings) if one.problem),
                answer=query_current(settings, "select count(*) from dim_accounts").rows[0][0],
                blamed=tuple(one.label for one in all_batches(settings) if one.status == "refused"),
            )
            disk.make_room()
        run_to_the_end(settings, "good", delivered.built)
        yield Ended(starved, settings, disk.is_mounted)
    finally:
        disk.close()


@pytest.mark.parametrize("name", FAULTS)
def test_a_full_disk_causes_a_message_and_publishes_nothing(ended: Ended, name: str) -> None:
    if name == "switch: link" and not ended.is_mounted:
        pytest.skip("a limit on the size of files does not stop a link, and no disk can be mounted here")
    starved = ended.starved[name]
    kind, error, message = starved.outcome
    assert kind == "error"
    assert error in ("DiskError", "LandingError", "BuildError"), message
    assert any(word in message.lower() for word in ("space", "full", "too large", "could not write")), message
    assert "Traceback" not in message
    assert starved.after == starved.before
    assert starved.problems == ()
    assert starved.answer > 0
    assert starved.blamed == ()


def test_the_next_run_succeeds_after_the_disk_has_space(ended: Ended, undisturbed: Undisturbed) -> None:
    assert marts_of_current(ended.settings) == undisturbed.marts
    assert not list(ended.settings.runs.iterdir())
    assert not list(ended.settings.releases.glob(".*"))


def _mount(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},nr_inodes=4000", "csw-test", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _write_until_full(descriptor: int, block: int) -> None:
    content = bytes(block)
    try:
        while os.write(descriptor, content) == block:
            pass
    except OSError:
        return


def _use_up_names(folder: Path) -> None:
    try:
        folder.mkdir()
        for number in range(10_000):
            (folder / str(number)).touch()
    except OSError:
        return
