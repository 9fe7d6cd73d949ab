"""A digest of a release's inputs: equal code, data and settings give an equal digest."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.dbt_runner.pseudonyms import find_hash_key, key_id
from orchestration.dbt_runner.version import DBT_FILES, version_of_files

_PIPELINE = ("orchestration/**/*.py", "orchestration/**/*.yml")


def code_version(project_dir: Path = PROJECT_DIR) -> str:
    """Return the version of all files that can change a figure, a check or a limit."""
    return version_of_files(project_dir, (*DBT_FILES, *_PIPELINE))


def git_commit(project_dir: Path = PROJECT_DIR) -> str | None:
    """Return the current commit, with `+` if files differ from it; None outside of git."""
    try:
        head, changes = (
            subprocess.run(
                ["git", "-C", str(project_dir), *arguments],
                capture_output=True,
                text=True,
                check=True,
                timeout=10,
            ).stdout.strip()
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return head + ("+" if changes else "")


def run_fingerprint(settings: Settings, code: str, batch_ids: Iterable[str]) -> str:
    """Return the sha256 of all inputs of a run.

    Without an explicit `as_of` only its day counts, so a second run with the same files on the same day finds
    nothing new.
    """
    question = settings.as_of_text if settings.as_of_is_given else settings.as_of.date().isoformat()
    known_at = settings.known_at.isoformat() if settings.known_at else None
    key = key_id(find_hash_key(settings.home))
    facts = [code, sorted(batch_ids), dict(settings.policies), question, known_at, key]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
