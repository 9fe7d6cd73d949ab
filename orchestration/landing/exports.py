"""Recognise the exports of common systems by their headers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from orchestration.core.database import connect
from orchestration.core.errors import LandingError
from orchestration.core.serialization import read_yaml
from orchestration.landing.files import FORMATS
from orchestration.landing.reading.readers import read_records
from orchestration.landing.reading.refusal import FileRefusedError


@dataclass(frozen=True)
class KnownExport:
    """An export of a common system."""

    name: str
    has: tuple[str, ...]
    object: str
    folder: str = ""
    """The object of a connector that reads the export unedited."""


@cache
def known_exports() -> tuple[KnownExport, ...]:
    return tuple(
        KnownExport(
            one["name"], tuple(str(name) for name in one["has"]), one["object"], one.get("folder", "")
        )
        for one in read_yaml(Path(__file__).with_name("exports.yml"))
    )


def recognise(header: Iterable[str]) -> KnownExport | None:
    """Return the known export with this header, or None."""
    names = {_spelt(name) for name in header}
    return next((one for one in known_exports() if {_spelt(name) for name in one.has} <= names), None)


def _spelt(name: str) -> str:
    """Normalise case and spaces, but keep punctuation: only reports write `Account ID` for `account_id`."""
    return " ".join(name.split()).casefold()


def header_of(path: Path) -> tuple[str, ...]:
    """Return the column names of a file; empty if the file is unreadable."""
    try:
        with connect() as connection, tempfile.TemporaryDirectory(prefix="csw-header-") as folder:
            return read_any(connection, path, Path(folder))
    except (FileRefusedError, LandingError, OSError, duckdb.Error):
        return ()


def read_any(connection: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> tuple[str, ...]:
    """Fill RAW with the texts of a file of any object; return the header."""
    ending = next((one for one in FORMATS if path.name.lower().endswith("." + one)), None)
    if ending is None:
        endings = ", ".join("." + one for one in sorted(FORMATS))
        raise FileRefusedError(f"has an unknown format: its name must end in one of {endings}")
    return read_records(connection, path, ending, folder)
