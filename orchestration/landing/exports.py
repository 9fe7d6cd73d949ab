"""Exports that people download from the usual systems, known by their headers."""

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
    """An export that people download from a system."""

    name: str
    has: tuple[str, ...]
    object: str


@cache
def known_exports() -> tuple[KnownExport, ...]:
    return tuple(
        KnownExport(one["name"], tuple(str(name) for name in one["has"]), one["object"])
        for one in read_yaml(Path(__file__).with_name("exports.yml"))
    )


def recognise(header: Iterable[str]) -> KnownExport | None:
    """The known export that has such a header."""
    names = {_spelt(name) for name in header}
    return next((one for one in known_exports() if {_spelt(name) for name in one.has} <= names), None)


def _spelt(name: str) -> str:
    """Without case. Blanks and signs count: `Account ID` is a report's, `account_id` anybody's."""
    return " ".join(name.split()).casefold()


def header_of(path: Path) -> tuple[str, ...]:
    """The names of the columns of a file; empty where it cannot be read."""
    try:
        with connect() as connection, tempfile.TemporaryDirectory(prefix="csw-header-") as folder:
            return read_any(connection, path, Path(folder))
    except (FileRefusedError, LandingError, OSError, duckdb.Error):
        return ()


def read_any(connection: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> tuple[str, ...]:
    """Fill RAW with the texts of a file, whatever object it is of; returns the header."""
    ending = next((one for one in FORMATS if path.name.lower().endswith("." + one)), None)
    if ending is None:
        raise FileRefusedError(f"its name ends in none of {', '.join('.' + one for one in sorted(FORMATS))}")
    return read_records(connection, path, ending, folder)
