"""Versions of the code: short digests of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from orchestration.core.settings import PROJECT_DIR

DBT_FILES = (
    "models/**/*",
    "macros/**/*",
    "seeds/**/*",
    "data_tests/**/*",
    "dbt_project.yml",
    "profiles.example.yml",
)
"""The files that dbt parses."""


def dbt_version(project_dir: Path = PROJECT_DIR) -> str:
    """Return the version of the files that dbt parses."""
    return version_of_files(project_dir, DBT_FILES)


def version_of_files(project_dir: Path, patterns: Iterable[str]) -> str:
    """Return the first 12 hexadecimal digits of the sha256 over paths and contents of the matching files."""
    paths = {
        path
        for pattern in patterns
        for path in project_dir.glob(pattern)
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    digest = hashlib.sha256()
    for relative, path in sorted((path.relative_to(project_dir).as_posix(), path) for path in paths):
        digest.update(relative.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]
