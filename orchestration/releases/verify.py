"""Check the hashes of releases: every file must still be the audited one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestration.core.errors import CswError, PublishError
from orchestration.core.settings import Settings
from orchestration.releases.candidate import UNFINISHED
from orchestration.releases.history import current_release_id, release_folder
from orchestration.releases.manifest import MANIFEST_FILE, read_manifest
from orchestration.releases.publish import verify_verdict
from orchestration.releases.store import store_of


@dataclass(frozen=True)
class Verified:
    """The result for one release."""

    release_id: str
    is_current: bool
    files: int
    bytes: int
    problem: str | None
    """The problem; None if every byte is unchanged."""


def verify_releases(settings: Settings, release_id: str | None = None) -> list[Verified]:
    """Hash every file of every release, or of one, and check its record; oldest first.

    Raises PublishError if the named release does not exist or the current release is missing.
    """
    current = current_release_id(settings)
    if release_id is not None:
        return [_verify(settings, release_folder(settings, release_id), current)]
    folders = [path for path in release_folders(settings) if not path.name.startswith(UNFINISHED)]
    if current is not None and current not in {folder.name for folder in folders}:
        raise PublishError(
            f"`current` points to release {current}, which is missing. Choose one with `csw rollback <id>`."
        )
    return [_verify(settings, folder, current) for folder in folders]


def release_folders(settings: Settings) -> list[Path]:
    """Return every release folder, oldest first, including damaged ones."""
    return sorted(path for path in settings.releases.glob("*") if path.is_dir())


def _verify(settings: Settings, folder: Path, current: str | None) -> Verified:
    problem, size = None, 0
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST_FILE]
    try:
        manifest = read_manifest(folder)
        store_of(settings).verify(settings, folder, manifest)
        verify_verdict(manifest)
        size = sum(file["bytes"] for file in manifest["files"])
    except CswError as error:
        problem = str(error)
    return Verified(folder.name, folder.name == current, len(files), size, problem)
