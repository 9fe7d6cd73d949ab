"""Comparing, verifying, auditing and deleting releases; and the exit codes of the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orchestration.core.errors import LockedError, PublishError
from orchestration.core.lock import Holder, hold_lock, holder
from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.maintenance import clean_up
from orchestration.releases import current_release_id, rollback
from orchestration.releases.difference import compare_releases
from orchestration.releases.reaudit import audit_release
from orchestration.releases.verify import verify_releases
from tests.unit.release_case import make_candidate, make_release

NOW = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse for commands that may run in any order."""
    settings = load_settings(tmp_path_factory.mktemp("two") / "home", as_of="2025-01-01", environment={})
    make_release(settings, "1-one")
    make_release(settings, "2-two")
    return settings


def csw(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CSW_")}
    return subprocess.run(
        [sys.executable, "-m", "orchestration", *arguments, "--home", str(settings.home)],
        cwd=PROJECT_DIR,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )


def damage(settings: Settings, release_id: str, file: str = "marts.duckdb") -> None:
    path = settings.releases / release_id / file
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def names(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.releases.iterdir())


def test_a_difference_names_schema_rows_months_and_restated_months(settings: Settings) -> None:
    make_release(settings, "1-one")
    make_release(
        settings,
        "2-two",
        months={"2024-11-01": ("10.1000", 1), "2024-12-01": ("12.5000", 1), "2025-01-01": ("13.0000", 2)},
    )
    found = compare_releases(settings, "1-one", "current")
    assert (found.before, found.after, found.schema) == ("1-one", "2-two", ())
    assert [(one.mart, one.before, one.after) for one in found.rows] == [("mrr_monthly", 2, 3)]
    november, january = found.months
    assert (november.closing_mrr_before, november.closing_mrr_after) == (
        Decimal("10.0000"),
        Decimal("10.1000"),
    )
    assert (january.closing_mrr_before, january.customers_after) == (None, 2)
    assert [str(month.month) for month in found.restated] == ["2024-11-01"]
    assert compare_releases(settings, "1-one", "1-one").months == ()


def test_a_difference_needs_two_releases(settings: Settings) -> None:
    make_release(settings, "1-one")
    with pytest.raises(PublishError, match="no release 9-none"):
        compare_releases(settings, "1-one", "9-none")


def test_verifying_finds_the_changed_file_of_any_release(settings: Settings) -> None:
    make_release(settings, "1-one")
    make_release(settings, "2-two")
    assert [(one.release_id, one.is_current, one.problem) for one in verify_releases(settings)] == [
        ("1-one", False, None),
        ("2-two", True, None),
    ]
    damage(settings, "1-one", "parquet/mrr_monthly.parquet")
    broken, sound = verify_releases(settings)
    assert "parquet/mrr_monthly.parquet was changed" in str(broken.problem)
    assert sound.problem is None
    assert verify_releases(settings, "current") == [sound]
    (settings.releases / "2-two").rename(settings.home / "lost")
    with pytest.raises(PublishError, match="2-two, which is missing"):
        verify_releases(settings)


def test_auditing_again_runs_every_check_on_the_served_file(settings: Settings) -> None:
    make_release(settings, "1-one")
    found = audit_release(settings)
    assert found.release_id == "1-one"
    assert found.report.declared == found.report.evaluated
    # The marts of this release have no real figures, and real checks detect that.
    assert not found.report.passed
    assert {"dim_accounts"} <= {result.mart for result in found.report.blocking}
    damage(settings, "1-one")
    with pytest.raises(PublishError, match="changed after the audit"):
        audit_release(settings)


def test_gc_removes_old_releases_and_keeps_needed_ones(settings: Settings) -> None:
    for number in range(1, 7):
        made = NOW - timedelta(days=60 - number)
        make_release(settings, f"{number}-x", created_at=made.isoformat())
    planned = clean_up(settings, keep=2, min_age_days=7, dry_run=True, now=NOW)
    assert [one.name for one in planned.removed] == ["1-x", "2-x", "3-x", "4-x"]
    assert planned.bytes > 0
    assert len(names(settings)) == 6
    assert clean_up(settings, keep=2, min_age_days=90, now=NOW).removed == ()
    done = clean_up(settings, keep=2, min_age_days=7, now=NOW)
    assert (done.removed, done.kept) == (planned.removed, ("5-x", "6-x"))
    assert names(settings) == ["5-x", "6-x"]
    assert rollback(settings).release_id == "5-x"


def test_gc_keeps_the_current_and_the_previous_release(settings: Settings) -> None:
    for number in range(1, 5):
        made = NOW - timedelta(days=60 - number)
        make_release(settings, f"{number}-x", created_at=made.isoformat())
    rollback(settings, "2-x")
    clean_up(settings, keep=1, min_age_days=0, now=NOW)
    assert names(settings) == ["1-x", "2-x", "4-x"]
    assert current_release_id(settings) == "2-x"


def test_gc_keeps_a_release_that_a_process_has_open(settings: Settings) -> None:
    for number in range(1, 5):
        make_release(settings, f"{number}-x", created_at="2024-01-01T00:00:00+00:00")
    with (settings.releases / "1-x" / "marts.duckdb").open("rb"):
        assert [one.name for one in clean_up(settings, keep=1, now=NOW).removed] == ["2-x"]
    assert names(settings) == ["1-x", "3-x", "4-x"]
    assert [one.name for one in clean_up(settings, keep=1, now=NOW).removed] == ["1-x"]


def test_gc_removes_leftovers_and_old_records(settings: Settings) -> None:
    make_release(settings, "1-x")
    make_candidate(settings, "2-dead")
    (settings.releases / ".tmp-2-dead").mkdir()
    for name, age in (("old.json", 100), ("new.json", 1)):
        path = settings.alerts / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
        moment = (NOW - timedelta(days=age)).timestamp()
        os.utime(path, (moment, moment))
    done = clean_up(settings, now=NOW)
    assert [(one.kind, one.name) for one in done.removed] == [
        ("candidate", "run-2-dead"),
        ("unfinished release", ".tmp-2-dead"),
        ("record", "old.json"),
    ]
    assert (names(settings), [path.name for path in settings.alerts.iterdir()]) == (["1-x"], ["new.json"])
    assert list(settings.runs.iterdir()) == []


def test_gc_fails_immediately_while_a_run_writes(settings: Settings) -> None:
    make_release(settings, "1-x")
    with hold_lock(settings.lock_file, "csw run"), pytest.raises(LockedError, match="csw run"):
        clean_up(settings)


def test_csw_lock_names_the_holder(settings: Settings) -> None:
    assert holder(settings.lock_file) is None
    with hold_lock(settings.lock_file, "csw run"):
        found = holder(settings.lock_file)
        printed = json.loads(csw(settings, "lock", "--json").stdout)
    assert isinstance(found, Holder)
    assert (found.purpose, found.pid) == ("csw run", os.getpid())
    assert printed["locked"]
    assert printed["holder"]["pid"] == os.getpid()
    assert json.loads(csw(settings, "lock", "--json").stdout) == {"locked": False, "holder": None}


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("releases",), "release_id"),
        (("verify",), "problem"),
        (("diff", "1-one", "2-two"), "months"),
        (("rollback", "1-one"), "changed"),
        (("publish", "2-two"), "changed"),
        (("gc", "--dry-run"), "removed"),
        (("landing", "status"), "objects"),
    ],
)
def test_json_output_is_one_document(two_releases: Settings, arguments: tuple[str, ...], key: str) -> None:
    process = csw(two_releases, *arguments, "--json")
    assert process.returncode == 0, process.stderr
    document: Any = json.loads(process.stdout)
    assert key in (document[0] if isinstance(document, list) else document)
    assert csw(two_releases, *arguments).stdout.strip()


def test_exit_codes_follow_the_error(settings: Settings) -> None:
    make_release(settings, "1-one")
    wrong = csw(settings, "publish", "9-none", "--json")
    assert wrong.returncode == 1
    assert json.loads(wrong.stdout)["error"] == "PublishError"
    assert wrong.stderr.startswith("error: There is no release 9-none")
    assert csw(settings, "publish").returncode == 2
    refused = csw(settings, "audit", "--json")
    assert refused.returncode == 3
    assert json.loads(refused.stdout)["passed"] is False
    with hold_lock(settings.lock_file, "csw run"):
        locked = csw(settings, "gc", "--json")
    assert locked.returncode == 4
    assert json.loads(locked.stdout) == {
        "error": "LockedError",
        "message": locked.stderr.removeprefix("error: ").rstrip(),
        "exit_code": 4,
    }
    damage(settings, "1-one")
    assert csw(settings, "verify").returncode == 1


def test_the_documented_exit_codes_are_true() -> None:
    text = (PROJECT_DIR / "docs" / "commands.md").read_text(encoding="utf-8")
    codes = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")}
    assert {"0", "1", "2", "3", "4"} <= codes
    for verb in ("status", "show", "requeue", "audit", "publish", "diff", "verify", "gc", "lock", "rollback"):
        assert verb in text
