"""Which releases are kept, which one is current, and every change of that."""

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
    """The release that `current` names, whether or not it is still there; None before the first."""
    if settings.current.is_symlink():
        return os.readlink(settings.current).rsplit("/", 1)[-1]
    if settings.current.exists():
        raise PublishError(
            f"{settings.current} is not a link to a release. Move it away; the next run makes a new one."
        )
    return None


def current_manifest(settings: Settings) -> Manifest | None:
    """The manifest of the current release; None before the first.

    Raises PublishError where the release that `current` names is gone or damaged.
    """
    release_id = current_release_id(settings)
    if release_id is None:
        return None
    try:
        return read_manifest(settings.releases / release_id)
    except PublishError as error:
        raise PublishError(
            f"{error} `current` leads to it: choose another with `csw rollback <id>`, or make a new one "
            "with `csw run --force`."
        ) from None


def kept_manifests(settings: Settings) -> Iterator[Manifest]:
    """The manifests of all releases that are kept and whole, newest first."""
    for folder in sorted(settings.releases.glob("[0-9]*"), reverse=True):
        with suppress(PublishError):
            yield read_manifest(folder)


def release_folder(settings: Settings, release_id: str) -> Path:
    """The folder of a release by its id, by the beginning of its id, or by the word `current`.

    Raises PublishError for anything that is not the id of a release, or begins several; whether it exists,
    its manifest tells.
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
            f"{release_id!r} begins {len(matching)} releases: {', '.join(matching[-5:])}. "
            "Give more of the id."
        )
    return settings.releases / matching[0]


def rolled_back_release_id(settings: Settings) -> str | None:
    """The release that the latest change of `current` rolled back from, if it was a rollback."""
    current = current_release_id(settings)
    # A change is written down before it is made; one that never came does not lead to `current`.
    made = [entry for entry in history(settings) if entry["release_id"] == current]
    if not made or made[-1].get("action") != "rolled back":
        return None
    previous: str | None = made[-1].get("previous")
    return previous


def history(settings: Settings) -> list[dict[str, Any]]:
    """Every change of `current`, oldest first: at, action, release_id, previous.

    The last may be one that was about to be made when its process was killed.
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
