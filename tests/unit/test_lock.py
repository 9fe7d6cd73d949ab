"""One writer per warehouse, across processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.core.errors import LockedError
from orchestration.core.lock import describe_holder, hold_lock, is_locked

HOLD = """
import sys, time
from pathlib import Path
from orchestration.core.lock import hold_lock
with hold_lock(Path(sys.argv[1]), "csw run"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A second process that holds the lock `tmp_path/.lock`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / ".lock")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_refused_with_the_name_of_the_holder(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(LockedError) as caught, hold_lock(tmp_path / ".lock", "csw rollback"):
        pass
    assert f"csw run (process {holder.pid}, since " in str(caught.value)
    assert is_locked(tmp_path / ".lock")


def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with hold_lock(tmp_path / ".lock", "csw run"):
        assert f"process {os.getpid()}" in describe_holder(tmp_path / ".lock")


def test_one_process_cannot_hold_the_lock_twice(tmp_path: Path) -> None:
    with (
        hold_lock(tmp_path / ".lock", "one"),
        pytest.raises(LockedError, match=r"in use by one \("),
        hold_lock(tmp_path / ".lock", "two"),
    ):
        pass


def test_the_lock_is_released_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with hold_lock(tmp_path / ".lock", "one"):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not is_locked(tmp_path / ".lock")
    assert describe_holder(tmp_path / ".lock") == "another process"
