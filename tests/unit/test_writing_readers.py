"""A reader that opens a release for writing blocks queries with DuckDB, but not runs or publishing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from orchestration.cli.doctor import examine
from orchestration.core.errors import PublishError
from orchestration.core.settings import Settings
from orchestration.maintenance import clean_up
from orchestration.releases import current_release_id, publish, query_current, rollback
from orchestration.releases.difference import compare_releases
from orchestration.releases.query import query_release
from orchestration.releases.reaudit import audit_release
from orchestration.releases.verify import verify_releases
from tests.unit.release_case import make_release

WRITER = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
BASE = {"2024-11-01": ("1000.0000", 100), "2024-12-01": ("1100.0000", 110)}


@contextmanager
def writer_on(settings: Settings, release_id: str) -> Iterator[str]:
    """A process that has opened a release read-write, as a BI tool with the owner's rights can."""
    path = settings.releases / release_id / "csw.duckdb"
    path.chmod(0o644)
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield f"is opened for writing by process {process.pid} "
        process.communicate()


def test_a_writer_on_the_current_release_does_not_stop_a_run(settings: Settings) -> None:
    make_release(settings, "1-one", months=BASE)
    with writer_on(settings, "1-one"):
        make_release(settings, "2-two", months=BASE)
    assert current_release_id(settings) == "2-two"


def test_readers_of_a_locked_release_learn_the_writer(settings: Settings) -> None:
    make_release(settings, "1-one")
    make_release(settings, "2-two", experiment="a reason")
    questions: list[Callable[[], object]] = [
        lambda: query_current(settings, "select 1"),
        lambda: compare_releases(settings, "2-two", "current"),
        lambda: audit_release(settings),
    ]
    with writer_on(settings, "1-one") as told:
        for ask in questions:
            with pytest.raises(PublishError, match=told):
                ask()
        assert query_release(settings, "select 1", "2-two").rows == [(1,)]
        warnings = [finding.text for finding in examine(settings) if finding.level == "warn"]
        assert any(told in text for text in warnings)
        # These commands read bytes, which a lock of DuckDB does not prevent.
        assert verify_releases(settings, "1-one")[0].problem is None
        clean_up(settings, dry_run=True)
        publish(settings, "2-two")
        rollback(settings, "1-one")
    assert current_release_id(settings) == "1-one"
    assert not any("opened for writing" in finding.text for finding in examine(settings))


def test_a_release_that_is_open_for_writing_is_not_published(settings: Settings) -> None:
    make_release(settings, "1-one")
    make_release(settings, "2-two", experiment="a reason")
    with writer_on(settings, "2-two") as told, pytest.raises(PublishError, match=told):
        publish(settings, "2-two")
    assert current_release_id(settings) == "1-one"
