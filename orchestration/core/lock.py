"""One writer per warehouse: a lock of the operating system, which a dying process cannot leave behind."""

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

    `purpose` is what others read who find it taken ("csw run"). Raises LockedError, which names the
    holder, without waiting; SettingsError where the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise SettingsError(
            f"The warehouse {path.parent} cannot be written to ({error.strerror}). "
            "Choose another folder with --home or CSW_HOME, or mend its rights."
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LockedError(
                f"The warehouse {path.parent} is in use by {describe_holder(path)}. "
                "Wait until it is done, then try again."
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
        # Closing the only descriptor gives the lock back.
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock at this moment."""
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
    """Who holds a lock; None where it did not say."""

    purpose: str | None
    pid: int | None
    since: str | None


def holder(path: Path) -> Holder | None:
    """Who holds the lock at this moment; None where nobody does."""
    if not is_locked(path):
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Holder(str(found["purpose"]), int(found["pid"]), str(found["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Holder(None, None, None)


def describe_holder(path: Path) -> str:
    """Who wrote its name into the lock file, in words."""
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"{holder['purpose']} (process {holder['pid']}, since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
