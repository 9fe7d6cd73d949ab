"""Explain a full or failing disk, which can stop a run in any library's code."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from orchestration.core.errors import CswError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_BAD = frozenset({errno.EIO, errno.EROFS})
_WORDS = (
    "no space left",
    "disk is full",
    "disk i/o error",
    "file too large",
    "could not write",
    "failed to write",
)


class DiskError(CswError):
    """The disk of the warehouse is full, or cannot be written to."""


def disk_trouble(error: BaseException, home: Path) -> DiskError | None:
    """Return a readable error if the disk of the warehouse `home` caused `error`; otherwise None."""
    for cause in _causes(error):
        if not _is_of_disk(cause):
            continue
        try:
            free = f"{shutil.disk_usage(home).free / 1e6:,.0f} MB are free"
        except OSError:
            free = "the free space is unknown"
        reason = (str(cause).strip().splitlines() or [type(cause).__name__])[0][:300]
        return DiskError(
            f"The disk of {home} is full or not writable ({free}): {reason}\nNothing was published. "
            "Free some space (`csw gc` removes old releases), then run again."
        )
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    met: set[int] = set()
    while error is not None and id(error) not in met:
        met.add(id(error))
        yield error
        # SQLAlchemy keeps the driver's error in the attribute `orig`.
        error = error.__cause__ or getattr(error, "orig", None) or error.__context__


def _is_of_disk(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL | _BAD
    # Compare the module name, because importing DuckDB would slow down `csw --help`.
    is_database = isinstance(error, sqlite3.Error) or type(error).__module__ in ("duckdb", "_duckdb")
    return is_database and any(words in str(error).lower() for words in _WORDS)
