"""Real runs in processes of their own, which stop where a test says and are killed or starved there.

The steps are those of `orchestration.pipeline`, in the order and under the lock in which Dagster runs them.
A place is one function of the code: the process says that it got there, and waits.
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
    """Before or after a call of the function `target`, a dotted name as its caller looks it up."""

    target: str
    after: bool = False
    about: str = ""
    """Only a call with this text among its arguments; empty for the first call."""


@dataclass(frozen=True)
class Stage:
    """A candidate as a real run has left it, for runs that would make the same of the same files."""

    folder: Path
    is_audited: bool
    """Built and audited; else built."""

    @classmethod
    def of(cls, candidate: Candidate, folder: Path, *, is_audited: bool = False) -> Stage:
        """A copy of a candidate in `folder`, which must not exist yet."""
        shutil.copytree(candidate.folder, folder)
        return cls(folder, is_audited)

    @property
    def warehouse(self) -> Path:
        return Candidate("", self.folder).warehouse

    def repeat(self, candidate: Candidate) -> None:
        """Give a candidate that has landed its files all that this one had."""
        landed = candidate.noted("raw_batches")
        shutil.copytree(self.folder, candidate.folder, dirs_exist_ok=True)
        # What landing notes is the candidate's own, such as the release that it follows.
        candidate.note(**landed)


@dataclass
class Run:
    """A run of the steps in a process of its own."""

    settings: Settings
    name: str
    place: Place | None = None
    stage: Stage | None = None
    """None: dbt builds and Great Expectations audits. Otherwise this is copied, which spares the time."""
    events: int | None = None
    """Stop after so many models and tests of the build."""
    end: str = "published"
    """The step to end after: built, audited or published."""
    work: Callable[[Settings], str] | None = None
    """Something else to do than a run."""
    clock: timedelta | None = None
    """How far its clock is off."""
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
        """Wait until the process stands at its place."""
        said = self._hear()
        assert said == ("reached",), f"{self.name} never got to {self.place or self.events}: {said}"
        return self

    def kill(self) -> None:
        """kill -9: nothing of the process's own code runs any more."""
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def go_on(self, file_size: int | None = None) -> Run:
        """Let it continue; with `file_size`, as if the disk could take no file that is larger."""
        self.pipe.send(file_size)
        return self

    def outcome(self) -> tuple[str, ...]:
        """How it ended: ("done", release) or ("error", kind, message)."""
        said = self._hear()
        self.process.join()
        self.pipe.close()
        return said

    def _hear(self) -> tuple[str, ...]:
        if not self.pipe.poll(PATIENCE):
            self.process.kill()
            raise AssertionError(f"{self.name} has said nothing for {PATIENCE} s")
        heard: tuple[str, ...] = self.pipe.recv()
        return heard


def run_to_the_end(settings: Settings, name: str, stage: Stage | None = None) -> str:
    """A run that nothing happens to; the release it published."""
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
        # As the steps tell it to Dagster.
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
    """The steps of a run in this process, from landing to `end`; the release, if it got as far."""
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
    """The module, or the module that another one knows by this name, such as orchestration.core.files.os."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        parent, _, attribute = name.rpartition(".")
        return getattr(import_module(parent), attribute)
