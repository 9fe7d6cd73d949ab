"""The stored releases, the current release, and the history of `current`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestration.core.errors import PublishError
from orchestration.core.settings import Settings
from orchestration.releases.manifest import Manifest, read_manifest

HISTORY_FILE = "history.jsonl"


def current_release_id(settings: Settings) -> str | None:
    """Return the release that `current` points to, even if it is missing; None before the first release."""
    if settings.current.is_symlink():
        return os.readlink(settings.current).rsplit("/", 1)[-1]
    if settings.current.exists():
        raise PublishError(
            f"{settings.current} is not a link to a release. Move it away; the next run creates the link."
        )
    return None


def current_manifest(settings: Settings) -> Manifest | None:
    """Return the manifest of the current release; None before the first release.

    Raises PublishError if the current release is missing or damaged.
    """
    release_id = current_release_id(settings)
    if release_id is None:
        return None
    try:
        return read_manifest(settings.releases / release_id)
    except PublishError as error:
        raise PublishError(
            f"{error} `current` points to it. Choose another release with `csw rollback <id>`, or make a new "
            "one with `csw run --force`."
        ) from None


def kept_manifests(settings: Settings) -> Iterator[Manifest]:
    """Return the manifests of all intact releases, newest first."""
    for folder in sorted(settings.releases.glob("[0-9]*"), reverse=True):
        with suppress(PublishError):
            yield read_manifest(folder)


def release_folder(settings: Settings, release_id: str) -> Path:
    """Return the folder of a release by its id, the start of its id, or the word `current`.

    Raises PublishError for an invalid id, or for a start that several releases share. The folder may not
    exist.
    """
    if release_id == "current":
        found = current_release_id(settings)
        if found is None:
            raise PublishError(f"There is no release in {settings.home} yet. `csw run` makes the first one.")
        release_id = found
    if "/" in release_id or release_id.startswith(".") or not release_id:
        raise PublishError(f"{release_id!r} is not the id of a release. `csw releases` lists them.")
    folder = settings.releases / release_id
    kept = sorted(path.name for path in settings.releases.glob("[0-9]*"))
    matching = [name for name in kept if name.startswith(release_id)]
    if folder.is_dir() or not matching:
        return folder
    if len(matching) > 1:
        raise PublishError(
            f"{len(matching)} releases start with {release_id!r}: {', '.join(matching[-5:])}. "
            "Give more of the id."
        )
    return settings.releases / matching[0]


def rolled_back_release_id(settings: Settings) -> str | None:
    """Return the release that the latest change of `current` rolled back; None if it was no rollback."""
    current = current_release_id(settings)
    # The history records a change before it happens. An entry that does not match `current` never happened.
    made = [entry for entry in history(settings) if entry["release_id"] == current]
    if not made or made[-1].get("action") != "rolled back":
        return None
    previous: str | None = made[-1].get("previous")
    return previous


def history(settings: Settings) -> list[dict[str, Any]]:
    """Return every change of `current`, oldest first: at, action, release_id, previous.

    The last entry may be a change that its killed process did not complete.
    """
    try:
        lines = (settings.home / HISTORY_FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    entries = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "release_id" in entry:
            entries.append(entry)
    return entries
