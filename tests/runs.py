"""Real runs in their own processes, which a test stops at a place, to kill them or to fill their disk.

The steps are those of `orchestration.pipeline`, with the order and the lock of Dagster. A place is one
function of the code: the process reports that it has reached the place, and waits.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from orchestration.core.disk import disk_trouble
from orchestration.core.errors import CswError
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings
from orchestration.landing import loader
from orchestration.pipeline import steps as pipeline
from orchestration.releases.candidate import Candidate, clear_leftovers, open_candidate

PATIENCE = 300

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.warm"])


@dataclass(frozen=True)
class Place:
    """A place before or after a call of `target`, the dotted name of a function as its caller finds it."""

    target: str
    after: bool = False
    about: str = ""
    """Text among the arguments of the call; empty for the first call."""


@dataclass(frozen=True)
class Stage:
    """The candidate of a real run, for runs that would derive the same from the same files."""

    folder: Path
    is_audited: bool
    """Whether the candidate is audited as well as built."""

    @classmethod
    def of(cls, candidate: Candidate, folder: Path, *, is_audited: bool = False) -> Stage:
        """A copy of a candidate in `folder`, which must not exist yet."""
        shutil.copytree(candidate.folder, folder)
        return cls(folder, is_audited)

    @property
    def warehouse(self) -> Path:
        return Candidate("", self.folder).warehouse

    def repeat(self, candidate: Candidate) -> None:
        """Copy this stage into a candidate that has landed its files."""
        landed = candidate.noted("raw_batches")
        shutil.copytree(self.folder, candidate.folder, dirs_exist_ok=True)
        # The candidate keeps its own notes of landing, such as its previous release.
        candidate.note(**landed)


@dataclass
class Run:
    """A run of the steps in its own process."""

    settings: Settings
    name: str
    place: Place | None = None
    stage: Stage | None = None
    """None: dbt builds and Great Expectations audits. A stage is copied instead, which saves time."""
    events: int | None = None
    """Stop after this number of models and tests of the build."""
    end: str = "published"
    """The step to end after: built, audited or published."""
    work: Callable[[Settings], str] | None = None
    """Other work instead of a run."""
    clock: timedelta | None = None
    """Offset of its clock."""
    process: Any = field(init=False)
    pipe: Connection = field(init=False)

    def start(self) -> Run:
        self.pipe, theirs = PROCESSES.Pipe()
        steps = (self.name, self.place, self.stage, self.events, self.end)
        arguments = (self.settings, *steps, self.work, self.clock, theirs)
        self.process = PROCESSES.Process(target=_run, args=arguments, daemon=True)
        self.process.start()
        theirs.close()
        return self

    def reach(self) -> Run:
        """Wait until the process has reached its place."""
        said = self._hear()
        assert said == ("reached",), f"{self.name} never got to {self.place or self.events}: {said}"
        return self

    def kill(self) -> None:
        """Send kill -9, after which the process runs no more code."""
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def go_on(self, file_size: int | None = None) -> Run:
        """Let it continue. With `file_size`, writing a larger file fails like on a full disk."""
        self.pipe.send(file_size)
        return self

    def outcome(self, patience: float = PATIENCE) -> tuple[str, ...]:
        """The outcome within `patience` seconds: ("done", release) or ("error", kind, message)."""
        said = self._hear(patience)
        self.process.join()
        self.pipe.close()
        return said

    def _hear(self, patience: float = PATIENCE) -> tuple[str, ...]:
        if not self.pipe.poll(patience):
            self.process.kill()
            raise AssertionError(f"{self.name} has said nothing for {patience} s")
        heard: tuple[str, ...] = self.pipe.recv()
        return heard


def run_to_the_end(settings: Settings, name: str, stage: Stage | None = None) -> str:
    """Run without a fault; returns the id of the published release."""
    outcome = Run(settings, name, stage=stage).start().outcome()
    assert outcome[0] == "done", outcome
    return outcome[1]


def _run(
    settings: Settings,
    name: str,
    place: Place | None,
    stage: Stage | None,
    events: int | None,
    end: str,
    work: Callable[[Settings], str] | None,
    clock: timedelta | None,
    pipe: Connection,
) -> None:
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)

    def stop() -> None:
        pipe.send(("reached",))
        limit = pipe.recv()
        if limit is not None:
            # Python ignores the signal of this limit, so that writing fails as on a full disk.
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    if place:
        _stop_at(place, stop)
    if clock:
        _set_clock(clock)
    try:
        steps = partial(run_steps, name=name, stage=stage, end=end, hear=_count_to(events, stop))
        done = (work or steps)(settings)
    except Exception as error:
        # The error that the steps would report to Dagster.
        told = error if isinstance(error, CswError) else disk_trouble(error, settings.home) or error
        pipe.send(("error", type(told).__name__, str(told)))
    else:
        pipe.send(("done", done))


def run_steps(
    settings: Settings,
    name: str,
    *,
    stage: Stage | None = None,
    end: str = "published",
    hear: Callable[[Any], None] | None = None,
) -> str:
    """Run the steps in this process, from landing to `end`; returns the release id if it is published."""
    with hold_lock(settings.lock_file, f"run {name} of the tests") as lock:
        candidate = open_candidate(settings, name)
        clear_leftovers(settings, candidate)
        pipeline.land_step(settings, candidate, force=True)
        if stage:
            stage.repeat(candidate)
        else:
            pipeline.build_step(settings, candidate, hear)
        if end == "built":
            return ""
        if not (stage and stage.is_audited):
            pipeline.audit_step(settings, candidate).raise_if_blocking(candidate.audit)
        if end == "audited":
            return ""
        return pipeline.publish_step(settings, candidate, lock).release_id


def _count_to(events: int | None, stop: Callable[[], None]) -> Callable[[Any], None] | None:
    if events is None:
        return None
    left = iter(range(events, 0, -1))

    def hear(_: Any) -> None:
        if next(left, None) == 1:
            stop()

    return hear


def _stop_at(place: Place, stop: Callable[[], None]) -> None:
    holder, _, name = place.target.rpartition(".")
    module, attribute = _resolve(holder), name
    original = getattr(module, attribute)
    reached: list[bool] = []

    def stopping(*args: Any, **kwargs: Any) -> Any:
        due = not reached and place.about in " ".join(map(str, args))
        if due:
            reached.append(True)
        if due and not place.after:
            stop()
        result = original(*args, **kwargs)
        if due and place.after:
            stop()
        return result

    setattr(module, attribute, stopping)


def _set_clock(off: timedelta) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + off

    for module in (pipeline, import_module("orchestration.releases.publish"), loader):
        setattr(module, "datetime", Clock)  # noqa: B010


def _resolve(name: str) -> Any:
    """The module of this name, or one that another module imports, such as orchestration.core.files.os."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        parent, _, attribute = name.rpartition(".")
        return getattr(import_module(parent), attribute)
