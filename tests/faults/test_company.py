"""Concurrent runs, tampering, lost releases, clocks set back, and a bad delivery without lasting effect."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest

from orchestration.core.database import connect, quote_identifier, quote_literal
from orchestration.core.errors import CswError, PublishError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.dbt_runner.invocation import WAREHOUSE_FILE
from orchestration.landing import accepted_batches, land
from orchestration.maintenance import clean_up
from orchestration.pipeline import steps as pipeline
from orchestration.pipeline.deliveries import nothing_new
from orchestration.quality.suites import SUITES_DIR, load_suites
from orchestration.refresh import refresh
from orchestration.releases import current_release_id, list_releases, publish, query_current, rollback
from orchestration.releases.manifest import read_manifest
from orchestration.releases.verify import verify_releases
from tests.conftest import fingerprint_of_current
from tests.faults.conftest import MORE, VARYING, Delivered, Undisturbed, deliver, marts_of_current
from tests.runs import Run, Stage, run_steps, run_to_the_end

pytestmark = pytest.mark.integration

STRICT = """
    - name: has_a_million_rows
      type: expect_table_row_count_to_be_between
      kwargs: {min_value: 1000000}
"""


def test_a_second_run_is_refused_and_names_the_first(delivered: Delivered) -> None:
    told = delivered.meanwhile.second_run
    assert told.returncode == 4
    assert f"run built of the tests (process {delivered.meanwhile.pid}, since " in told.stderr
    assert "Traceback" not in told.stderr


def test_plain_dbt_and_a_run_work_in_parallel(delivered: Delivered, undisturbed: Undisturbed) -> None:
    by_hand = delivered.meanwhile.by_hand
    assert by_hand.returncode == 0, by_hand.stdout[-2000:]
    with duckdb.connect(str(delivered.meanwhile.database), read_only=True) as connection:
        rows = connection.execute("select count(*) from staging.stg_generic__accounts").fetchone()
    assert rows is not None
    assert rows[0] > 0
    assert undisturbed.marts


def test_a_poisonous_delivery_publishes_nothing(delivered: Delivered, home: Settings) -> None:
    """The account of `more.csv` first arrives with a currency whose rates are too old, and then corrected.

    A build that reused the output of a refused or killed build would fail again on those rows. Or it would
    skip the corrected rows as already seen.
    """
    (home.landing / "generic" / "subscription_periods" / "more.csv").unlink()
    deliver(home, "poison.csv", MORE.replace("USD", "NOK"))
    (home.landing / "generic" / "fx_rates" / "old.csv").write_text(
        "currency,rate_on,rate\nNOK,2020-01-31,0.1\n", encoding="utf-8"
    )
    before = fingerprint_of_current(home)
    _kill_while_it_builds(home)
    assert fingerprint_of_current(home) == before
    with pytest.raises(CswError) as failure:
        refresh(home, landing_is_given=False)
    for words in ("every_valuation_has_an_exchange_rate", "currency = NOK", "2025-03-31"):
        assert words in str(failure.value)
    assert fingerprint_of_current(home) == before
    assert len(list_releases(home)) == 1
    assert len(list(home.alerts.glob("*.json"))) == 1

    deliver(home, "more.csv", MORE)
    assert refresh(home, landing_is_given=False).release_id
    assert not list(home.runs.iterdir())
    # The marts equal those of a warehouse that never received the bad delivery.
    assert _differing_marts(home.current / WAREHOUSE_FILE, delivered.built.warehouse) == []


def test_a_failing_expectation_publishes_nothing_and_names_it(delivered: Delivered, home: Settings) -> None:
    before = fingerprint_of_current(home)
    run = Run(home, "strict", work=partial(_run_with_strict_suites, stage=delivered.built))
    kind, error, message = run.start().outcome()
    assert (kind, error) == ("error", "AuditError")
    assert "marts.mrr_monthly: has_a_million_rows failed" in message
    assert "1000000" in message.replace(",", "")
    assert fingerprint_of_current(home) == before
    assert len(list_releases(home)) == 1


def test_rollback_restores_the_previous_release(home: Settings, undisturbed: Undisturbed) -> None:
    before = fingerprint_of_current(home)
    run_to_the_end(home, "next", undisturbed.audited)
    assert fingerprint_of_current(home)["target"] != before["target"]
    rollback(home)
    assert fingerprint_of_current(home) == before


def test_tampering_is_detected_and_rollback_recovers(
    delivered: Delivered, undisturbed: Undisturbed, home: Settings
) -> None:
    good = current_release_id(home)
    bad = run_to_the_end(home, "next", undisturbed.audited)
    for file in ("marts.duckdb", "parquet/mrr_monthly.parquet", "manifest.json"):
        path = home.releases / bad / file
        path.chmod(0o600)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        problems = {one.release_id: one.problem for one in verify_releases(home)}
        assert problems[str(good)] is None
        assert re.search("changed after|modified after|cannot be read", str(problems[bad])), file
        if current_release_id(home) == bad:
            rollback(home, good)
        with pytest.raises(PublishError):
            rollback(home, bad)
        with pytest.raises(PublishError):
            publish(home, bad)
        assert current_release_id(home) == good
        if file != "manifest.json":
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
    # A later run makes a good release despite the leftovers.
    after = run_to_the_end(home, "after", delivered.built)
    assert current_release_id(home) == after
    assert after not in (good, bad)


@pytest.mark.parametrize("loss", ["release", "manifest"])
def test_a_dangling_current_is_reported_and_replaced(
    delivered: Delivered, undisturbed: Undisturbed, home: Settings, loss: str
) -> None:
    lost = home.current.resolve()
    if loss == "release":
        shutil.rmtree(lost)
    else:
        (lost / "manifest.json").unlink()
    with pytest.raises(PublishError, match=r"csw rollback <id>.*csw run --force"):
        nothing_new(home, accepted_batches(home))
    run_to_the_end(home, "forced", delivered.built)
    assert current_release_id(home) != lost.name
    assert marts_of_current(home) == undisturbed.marts
    assert query_current(home, "select 1 as a").rows == [(1,)]


def test_a_clock_that_goes_back_does_not_reorder_or_remove_releases(
    delivered: Delivered, undisturbed: Undisturbed, home: Settings
) -> None:
    first = current_release_id(home)
    newest = max(batch.loaded_at for batch in accepted_batches(home))
    # Three days ago, by a clock that was set back.
    land(home, now=newest - timedelta(days=3))
    assert max(batch.loaded_at for batch in accepted_batches(home)) > newest
    run = Run(home, "early", stage=delivered.built, clock=timedelta(days=-3)).start()
    kind, release, *_ = run.outcome()
    assert kind == "done"
    assert release < str(first), "its name is of an earlier time"
    assert current_release_id(home) == release
    manifest = read_manifest(home.releases / release)
    assert (manifest["parent"], manifest["sequence"]) == (first, 2)
    assert marts_of_current(home) == undisturbed.marts
    # The current release and the one before it stay, even if one of them looks older.
    clean_up(home, keep=1, min_age_days=0)
    assert {one.release_id for one in list_releases(home)} == {first, release}
    run_to_the_end(home, "later", undisturbed.audited)
    assert query_current(home, "select 1 as a").rows == [(1,)]


def _differing_marts(one: Path, other: Path) -> list[str]:
    """Marts whose rows differ."""
    with connect() as connection:
        for name, path in (("one", one), ("other", other)):
            connection.execute(f"attach {quote_literal(path)} as {name} (read_only)")
        query = "select table_name from duckdb_tables() where database_name = 'one' and schema_name = 'marts'"
        marts = {name for (name,) in connection.execute(query).fetchall()}
        assert len(marts) > 10
        return [mart for mart in sorted(marts - VARYING) if _differ(connection, mart)]


def _differ(connection: duckdb.DuckDBPyConnection, mart: str) -> bool:
    first, second = (f"select * from {name}.marts.{quote_identifier(mart)}" for name in ("one", "other"))
    query = f"({first} except all {second}) union all ({second} except all {first})"
    return bool(connection.execute(query).fetchall())


def _kill_while_it_builds(settings: Settings) -> None:
    command = [sys.executable, "-m", "orchestration", "run", "--home", str(settings.home)]
    with subprocess.Popen(
        [*command, "--as-of", settings.as_of_text],
        cwd=PROJECT_DIR,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stderr is not None
        told = next((line for line in run.stderr if "models and tests" in line), None)
        os.killpg(run.pid, signal.SIGKILL)
    assert told, "the run ended before it built anything"


def _run_with_strict_suites(settings: Settings, stage: Stage) -> str:
    suites = settings.home / "suites"
    suites.mkdir()
    for path in SUITES_DIR.glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        (suites / path.name).write_text(text.replace("\n  mrr_monthly:\n", f"\n  mrr_monthly:{STRICT}"))
    with patch.object(pipeline, "load_suites", lambda contracts: load_suites(contracts, suites)):
        return run_steps(settings, "strict", stage=stage)
