"""DuckDB connections with fixed settings: UTC, no downloads, limited memory and threads."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.core.errors import PublishError

MEMORY_LIMIT_VARIABLE = "CSW_MEMORY_LIMIT"
DEFAULT_MEMORY_LIMIT = "4GB"

# DuckDB's message for a file that another process has opened for writing.
_LOCKED = "Could not set lock on file"
_HOLDER = re.compile(r"Conflicting lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")

BUILD_STORAGE_VERSION = "v1.5.0"
"""File format of build databases. The previous DuckDB version line can read it too."""


@contextmanager
def connect(
    path: Path | None = None, *, read_only: bool = False, temp_directory: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database file, or an in-memory database, and close it after the block.

    Sessions run in UTC and never install or load external extensions. DuckDB spills large results to
    `temp_directory`, or to the folder of the file.
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


def attach_release(connection: duckdb.DuckDBPyConnection, marts: Path, name: str = "release") -> None:
    """Attach the published marts file of a release as `name`, read-only.

    Raises PublishError if another process has opened the file for writing.
    """
    with writers_in_words(marts):
        connection.execute(f"attach {quote_literal(marts)} as {name} (read_only)")


@contextmanager
def writers_in_words(path: Path) -> Iterator[None]:
    """Raise PublishError if the block cannot open `path` because another process writes to it."""
    try:
        yield
    except duckdb.IOException as error:
        if _LOCKED not in str(error):
            raise
        found = _HOLDER.search(str(error))
        holder = f"process {found['pid']} ({Path(found['program']).name})" if found else "another process"
        raise PublishError(
            f"{path} is opened for writing by {holder}, so no other process can read it. Close that "
            "connection and open the file with read_only=True. Then run `csw verify` to check that the "
            "release is unchanged."
        ) from None


def quote_literal(text: object) -> str:
    """Return `text` as an SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def quote_identifier(name: str) -> str:
    """Return `name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
