"""Remove old releases, leftovers and old records."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestration.core.errors import PublishError
from orchestration.core.files import fsync, remove_tree
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings
from orchestration.dagster_defs.records import old_run_records, remove_run_records
from orchestration.landing.usage import aggregate_files
from orchestration.releases.candidate import UNFINISHED
from orchestration.releases.history import current_release_id, history
from orchestration.releases.manifest import read_manifest
from orchestration.releases.store import store_of
from orchestration.releases.verify import release_folders

KEEP = 14
"""Number of published releases that `csw gc` keeps at any age."""

MIN_AGE_DAYS = 7
"""`csw gc` keeps younger releases."""

RECORD_DAYS = 90
"""Days for which `csw gc` keeps alerts, logs, files to fix, unused aggregates and Dagster's run records."""


@dataclass(frozen=True)
class Removal:
    """One removal, done or planned."""

    kind: str
    """release, unfinished release, candidate, report, record, or run record."""
    name: str
    bytes: int


@dataclass(frozen=True)
class Cleanup:
    """The removals (only planned with `dry_run`) and the releases that remain."""

    dry_run: bool
    removed: tuple[Removal, ...]
    kept: tuple[str, ...]

    @property
    def bytes(self) -> int:
        return sum(removal.bytes for removal in self.removed)


def clean_up(
    settings: Settings,
    *,
    keep: int = KEEP,
    min_age_days: float = MIN_AGE_DAYS,
    record_days: float = RECORD_DAYS,
    dry_run: bool = False,
    now: datetime | None = None,
) -> Cleanup:
    """Remove releases beyond the newest `keep` that are older than `min_age_days`, and old leftovers.

    Never removes the current release, the previous release (the target of a rollback), or a release that a
    process on this machine has open. Unpublished releases do not count towards `keep`. Raises LockedError
    while a run writes, and PublishError if `current` cannot be read, because no release is then known to be
    old.
    """
    now = now or datetime.now(UTC)
    with hold_lock(settings.lock_file, "csw gc"):
        if not dry_run:
            store_of(settings).repair(settings)
        old_releases = _old_releases(settings, keep, now - timedelta(days=min_age_days))
        kept = tuple(path.name for path in _release_folders(settings) if path not in set(old_releases))
        leftovers = [
            *(("candidate", path) for path in settings.runs.glob("*")),
            *(("unfinished release", path) for path in settings.releases.glob(f"{UNFINISHED}*")),
            *(("report", path) for path in settings.reports.glob("*") if path.name not in kept),
            *(("record", path) for path in _old_records(settings, now - timedelta(days=record_days))),
        ]
        doomed = [*(("release", path) for path in old_releases), *leftovers]
        runs = old_run_records(settings, now - timedelta(days=record_days))
        removed = (
            *(Removal(kind, path.name, _bytes(path)) for kind, path in doomed),
            *(Removal("run record", run.run_id, sum(map(_bytes, run.paths))) for run in runs),
        )
        if not dry_run:
            for _, path in doomed:
                _remove(settings, path)
            remove_run_records(settings, runs)
            if old_releases:
                fsync(settings.releases)
    return Cleanup(dry_run, removed, kept)


def _release_folders(settings: Settings) -> list[Path]:
    return [path for path in release_folders(settings) if not path.name.startswith(UNFINISHED)]


def _old_releases(settings: Settings, keep: int, before: datetime) -> list[Path]:
    folders = _release_folders(settings)
    current = current_release_id(settings)
    if current is None:
        return []
    spared = {current}
    parent = read_manifest(settings.releases / current)["parent"]
    if parent:
        spared.add(parent)
    published = _published(settings)
    counted = [path for path in folders if path.name in published or path.name in spared]
    spared |= {path.name for path in counted[max(len(counted) - keep, 0) :]}
    old = [path for path in folders if path.name not in spared and _made_at(path) < before]
    held = _held_by_readers(old)
    return [path for path in old if path not in held]


def _published(settings: Settings) -> set[str]:
    """Return the releases that were current at any time."""
    return {entry["release_id"] for entry in history(settings)}


def _made_at(folder: Path) -> datetime:
    try:
        return datetime.fromisoformat(read_manifest(folder)["created_at"]).astimezone(UTC)
    except (PublishError, ValueError, KeyError):
        return datetime.fromtimestamp(folder.stat().st_mtime, UTC)


def _held_by_readers(folders: Iterable[Path]) -> set[Path]:
    """Return the folders with a file open in any process that this system and user can see."""
    resolved = {folder: f"{folder.resolve()}/" for folder in folders}
    if not resolved:
        return set()
    opened = set(_open_files())
    return {folder for folder, prefix in resolved.items() if any(path.startswith(prefix) for path in opened)}


def _open_files() -> Iterator[str]:
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            yield os.readlink(descriptor)
        except OSError:
            continue


def _old_records(settings: Settings, before: datetime) -> list[Path]:
    folders = (settings.alerts, settings.home / "logs", settings.home / "to_fix")
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    # A run dates the aggregates that it uses.
    files += aggregate_files(settings.raw)
    return [path for path in files if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before]


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    # Hard links to one file use its space only once.
    return sum({status.st_ino: status.st_size for status in (one.lstat() for one in files)}.values())


def _remove(settings: Settings, path: Path) -> None:
    if path.is_dir():
        # Rename first, so that an interrupted removal never leaves a damaged release under a valid name.
        doomed = path.with_name(f"{UNFINISHED}{path.name.removeprefix(UNFINISHED)}")
        if doomed != path:
            remove_tree(doomed)
            path.rename(doomed)
        store_of(settings).discard(settings, doomed)
        remove_tree(doomed)
    else:
        path.unlink(missing_ok=True)
