"""The private folder of one run, with the record that its steps share and the manifest uses."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.core.errors import PublishError
from orchestration.core.files import remove_tree, write_json
from orchestration.core.settings import Settings
from orchestration.dbt_runner.invocation import WAREHOUSE_FILE
from orchestration.releases.store import store_of

UNFINISHED = ".tmp-"
"""Prefix of an incomplete release folder."""


@dataclass(frozen=True)
class Candidate:
    """A run's private folder. Only the pipeline opens it, and no later run reads it."""

    run_id: str
    folder: Path

    @property
    def warehouse(self) -> Path:
        return self.folder / WAREHOUSE_FILE

    @property
    def export(self) -> Path:
        return self.folder / "export"

    @property
    def dbt_manifest(self) -> Path:
        """dbt's description of the project that the run built."""
        return self.folder / "dbt_manifest.json"

    @property
    def audit(self) -> Path:
        """File with all audit results."""
        return self.folder / "audit.json"

    @property
    def record(self) -> Path:
        return self.folder / "run.json"

    def begin(self, started: float | None = None) -> None:
        """Create an empty folder, and discard the progress of an earlier attempt of this run.

        `started` is the time.monotonic() of the run's start. The record counts the time since as `start`.
        """
        remove_tree(self.folder)
        self.folder.mkdir(parents=True)
        clock = {"process": os.getpid(), "lap": time.monotonic() if started is None else started}
        write_json(self.record, {"run_id": self.run_id, "seconds": {}, "clock": clock})
        if started is not None:
            self.lap("start")

    def note(self, **facts: Any) -> None:
        """Add facts to the record."""
        write_json(self.record, {**self._read(), **facts})

    def noted(self, needed: str) -> dict[str, Any]:
        """Return the record. Raises PublishError if the step that writes `needed` has not run."""
        record = self._read()
        if needed not in record:
            raise PublishError(
                f"Run {self.run_id} has not completed the earlier steps, or a later run removed its files. "
                "Start a new run."
            )
        return record

    def lap(self, step: str) -> None:
        """Add the seconds since the last call to those of `step`, so that all steps add up to the run."""
        record, now = self._read(), time.monotonic()
        seconds = record["seconds"]
        seconds[step] = round(seconds.get(step, 0) + now - record["clock"]["lap"], 3)
        self.note(seconds=seconds, clock={"process": os.getpid(), "lap": now})

    def resume(self) -> None:
        """Do not count the time before this step if another process ran the steps before."""
        clock = self._read()["clock"]
        if clock["process"] != os.getpid():
            self.note(clock={"process": os.getpid(), "lap": time.monotonic()})

    def _read(self) -> dict[str, Any]:
        try:
            record: dict[str, Any] = json.loads(self.record.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return record


def open_candidate(settings: Settings, run_id: str) -> Candidate:
    """Return the candidate of a run at any stage. Creates no files."""
    return Candidate(run_id, settings.runs / run_id)


def clear_leftovers(settings: Settings, keep: Candidate) -> None:
    """Remove the leftovers of interrupted runs. The caller holds the lock, so no such run is alive."""
    for folder, pattern in ((settings.runs, "*"), (settings.releases, f"{UNFINISHED}*")):
        for leftover in folder.glob(pattern):
            if leftover != keep.folder:
                store_of(settings).discard(settings, leftover)
                remove_tree(leftover)
    for link in settings.home.glob(f".{settings.current.name}.*tmp"):
        link.unlink()
