"""One writer per warehouse, with a lock that the operating system releases when its process dies."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.core.errors import LockedError, SettingsError


@dataclass(frozen=True)
class WarehouseLock:
    """Proof that this process may write to the warehouse whose lock file is `path`."""

    path: Path


@contextmanager
def hold_lock(path: Path, purpose: str) -> Iterator[WarehouseLock]:
    """Hold the lock of a warehouse until the block ends.

    The lock file shows `purpose` ("csw run") to other processes. If the lock is taken, raises LockedError
    immediately and names the holder. Raises SettingsError if the folder is not writable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise SettingsError(
            f"The warehouse {path.parent} is not writable ({error.strerror}). "
            "Choose another folder with --home or CSW_HOME, or fix its permissions."
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LockedError(
                f"The warehouse {path.parent} is in use by {describe_holder(path)}. "
                "Wait until that process ends, then try again."
            ) from None
        holder = {
            "purpose": purpose,
            "pid": os.getpid(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        try:
            yield WarehouseLock(path)
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        # Closing the only descriptor releases the lock.
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock now."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock. A field is None if the lock file does not contain it."""

    purpose: str | None
    pid: int | None
    since: str | None


def holder(path: Path) -> Holder | None:
    """Return the process that holds the lock now; None if the lock is free."""
    if not is_locked(path):
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Holder(str(found["purpose"]), int(found["pid"]), str(found["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Holder(None, None, None)


def describe_holder(path: Path) -> str:
    """Describe the process in the lock file."""
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"{holder['purpose']} (process {holder['pid']}, since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
