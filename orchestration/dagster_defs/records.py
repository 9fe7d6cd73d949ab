"""Dagster's records of runs, and how to remove old ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestration.core.files import remove_tree
from orchestration.core.settings import Settings

BATCH = 200


@dataclass(frozen=True)
class RunRecord:
    """The records of one run and their files."""

    run_id: str
    paths: tuple[Path, ...]


def old_run_records(settings: Settings, before: datetime) -> list[RunRecord]:
    """Return the runs that ended before `before`, oldest first."""
    # A run writes to its database until it ends. Looking at the file avoids loading Dagster.
    events = settings.dagster / "history" / "runs"
    names = [path for path in events.glob("*-*.db") if path.stat().st_mtime < before.timestamp()]
    if not names:
        return []
    import dagster as dg

    from orchestration.dagster_defs.instance import open_instance

    found: list[RunRecord] = []
    with open_instance(settings) as instance:
        ended = dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED],
            updated_before=before,
        )
        cursor = None
        while runs := instance.get_runs(ended, cursor=cursor, limit=BATCH):
            cursor = runs[-1].run_id
            found += [_record(settings, run.run_id) for run in runs]
    return found[::-1]


def remove_run_records(settings: Settings, records: Sequence[RunRecord]) -> None:
    """Remove these runs from Dagster's records."""
    if not records:
        return
    from orchestration.dagster_defs.instance import open_instance

    with open_instance(settings) as instance:
        for record in records:
            instance.delete_run(record.run_id)
    for path in (path for record in records for path in record.paths):
        remove_tree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _record(settings: Settings, run_id: str) -> RunRecord:
    events = (settings.dagster / "history" / "runs").glob(f"{run_id}.db*")
    return RunRecord(run_id, (*events, settings.dagster / "storage" / run_id))
