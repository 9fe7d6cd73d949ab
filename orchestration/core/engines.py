"""The engine of a warehouse: where its tables are, and what builds them."""

from __future__ import annotations

import json
from pathlib import Path

from orchestration.core.errors import SettingsError
from orchestration.core.spelling import did_you_mean

DUCKDB = "duckdb"
SPARK = "spark"
ENGINES = (DUCKDB, SPARK)


def chosen_engine(wanted: str | None, home: Path) -> str:
    """Return the engine of a home: that of its releases, or else `wanted`, or else DuckDB.

    Raises SettingsError for an unknown engine, and for another engine than that of the releases.
    """
    if wanted is not None and wanted not in ENGINES:
        raise SettingsError(
            f"--engine {wanted!r}: there is no such engine.{did_you_mean(wanted, ENGINES)} "
            f"Use one of {', '.join(ENGINES)}. CSW_ENGINE accepts the same names."
        )
    found = _engine_of_releases(home)
    if found and wanted and found != wanted:
        raise SettingsError(
            f"The releases in {home} are on {found}, so a run cannot use {wanted} (--engine or CSW_ENGINE). "
            f"Choose another folder with --home or CSW_HOME for releases on {wanted}."
        )
    return found or wanted or DUCKDB


def _engine_of_releases(home: Path) -> str | None:
    """Return the engine of the current release, or else of the newest one; None without a release."""
    newest = sorted((home / "releases").glob("[0-9]*"), reverse=True)
    for folder in (home / "current", *newest):
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # `csw releases` reports a damaged release
        if isinstance(manifest, dict):
            # Releases of earlier versions are on DuckDB and do not say so.
            return str(manifest.get("engine", DUCKDB))
    return None
