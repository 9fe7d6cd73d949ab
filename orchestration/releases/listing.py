"""The list that `csw releases` shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestration.core.errors import PublishError
from orchestration.core.settings import Settings
from orchestration.releases.acceptance import waiting_findings
from orchestration.releases.history import current_release_id
from orchestration.releases.manifest import read_manifest


@dataclass(frozen=True)
class ReleaseInfo:
    """One line of `csw releases`."""

    release_id: str
    is_current: bool
    sequence: int | None
    parent: str | None
    created_at: str | None
    as_of: str | None
    known_at: str | None
    experiment: str | None
    """Why the release is an experiment; None if it is not, or was published later."""
    rows: int | None
    checks: int | None
    waits_for: tuple[str, ...]
    """Unaccepted gate findings that keep the release from being published."""
    problem: str | None
    """Why the release is unusable, as far as its manifest shows."""


def list_releases(settings: Settings) -> list[ReleaseInfo]:
    """Return every stored release, oldest first."""
    current = current_release_id(settings)
    folders = settings.releases.glob("[0-9]*") if settings.releases.is_dir() else []
    return [_info(folder, current) for folder in sorted(folders) if folder.is_dir()]


def _info(folder: Path, current: str | None) -> ReleaseInfo:
    is_current = folder.name == current
    try:
        manifest = read_manifest(folder)
    except PublishError as error:
        unknown = (None,) * 8
        return ReleaseInfo(folder.name, is_current, *unknown, waits_for=(), problem=str(error))
    return ReleaseInfo(
        release_id=folder.name,
        is_current=is_current,
        sequence=manifest["sequence"],
        parent=manifest["parent"],
        created_at=manifest["created_at"],
        as_of=manifest["as_of"],
        known_at=manifest.get("known_at"),
        experiment=manifest.get("experiment"),
        rows=sum(table["rows"] for table in manifest["tables"].values()),
        checks=manifest["audit"]["evaluated"] + manifest["dbt"]["results"].get("pass", 0),
        waits_for=tuple(finding.name for finding in waiting_findings(manifest.get("gate"))),
        problem=None,
    )
