"""DuckDB connections, all with the same pins: UTC, no downloads, bounded memory and threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

MEMORY_LIMIT_VARIABLE = "CSW_MEMORY_LIMIT"
DEFAULT_MEMORY_LIMIT = "4GB"

BUILD_STORAGE_VERSION = "v1.5.0"
"""File format of the databases that runs build in; the previous line of DuckDB reads them too."""


@contextmanager
def connect(
    path: Path | None = None, *, read_only: bool = False, temp_directory: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database file (or one in memory) and close it again.

    Sessions run in UTC and never install or load extensions from outside. Results that spill go to
    `temp_directory`, or beside the file.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": os.environ.get(MEMORY_LIMIT_VARIABLE, DEFAULT_MEMORY_LIMIT),
        "storage_compatibility_version": BUILD_STORAGE_VERSION,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if temp_directory is not None:
        config["temp_directory"] = str(temp_directory)
    connection = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    try:
        connection.execute("set timezone = 'UTC'")
        yield connection
    finally:
        connection.close()


def quote_literal(text: object) -> str:
    """SQL string literal of `text`."""
    return "'" + str(text).replace("'", "''") + "'"


def quote_identifier(name: str) -> str:
    """SQL identifier of `name`."""
    return '"' + name.replace('"', '""') + '"'
