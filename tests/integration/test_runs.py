"""What a run may and may not do to what is published."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration import pipeline
from orchestration.errors import CswError
from orchestration.landing import accepted_batches
from orchestration.quality import load_suites
from orchestration.refresh import refresh
from orchestration.releases import list_releases, rollback
from orchestration.settings import PROJECT_DIR, Settings, load_settings
from tests.conftest import fingerprint_of_current

pytestmark = pytest.mark.integration

Copy = Callable[[Settings], Settings]

HEADER = "subscription_id,account_id,currency,unit_amount,interval,period_start\n"


def land_periods(settings: Settings, name: str, text: str) -> None:
    folder = settings.landing / "generic" / "subscription_periods"
    (folder / name).write_text(text, encoding="utf-8")


def test_nothing_new_publishes_nothing(small_company: Settings, copy_of: Copy) -> None:
    settings = copy_of(small_company)
    before = fingerprint_of_current(settings)
    outcome = refresh(settings, landing_is_given=False)
    assert outcome.release_id is None
    assert outcome.message.startswith("nothing new since release ")
    assert len(list_releases(settings)) == 1
    assert fingerprint_of_current(settings) == before


def test_the_previous_line_of_the_engine_can_go_on_with_every_database(small_company: Settings) -> None:
    formats = {}
    with duckdb.connect() as connection:
        for name in ("warehouse", "marts", "csw"):
            path = small_company.current / f"{name}.duckdb"
            connection.execute(f"attach '{path}' as opened (read_only)")
            (tags,) = connection.execute(
                "select tags from duckdb_databases() where database_name = 'opened'"
            ).fetchone() or ({},)
            formats[name] = tags["storage_version"].rstrip("+")
            connection.execute("detach opened")
    assert formats == {"warehouse": "v1.5.0", "marts": "v1.0.0", "csw": "v1.0.0"}


def test_a_file_that_breaks_the_contract_changes_nothing(small_company: Settings, copy_of: Copy) -> None:
    settings = copy_of(small_company)
    before = fingerprint_of_current(settings)
    batches = len(accepted_batches(settings))
    land_periods(settings, "broken.csv", "subscription_id,account_id\nS1,A1\n")
    outcome = refresh(settings, landing_is_given=False)
    assert outcome.release_id is None
    assert fingerprint_of_current(settings) == before
    assert len(accepted_batches(settings)) == batches
    records = [
        json.loads(p.read_text()) for p in (settings.raw / "generic" / "subscription_periods").glob("*.json")
    ]
    refused = [record for record in records if record["status"] == "refused"]
    assert len(refused) == 1
    assert "currency" in refused[0]["reason"]


def test_a_failing_dbt_test_publishes_nothing_and_says_why(small_company: Settings, copy_of: Copy) -> None:
    settings = copy_of(small_company)
    before = fingerprint_of_current(settings)
    land_periods(settings, "kroner.csv", HEADER + "S-nok,A-nok,NOK,10,month,2025-03-01\n")
    with pytest.raises(CswError) as failure:
        refresh(settings, landing_is_given=False)
    message = str(failure.value)
    assert "every_valuation_has_an_exchange_rate" in message
    assert "currency = NOK" in message
    assert "2025-03-31" in message
    assert fingerprint_of_current(settings) == before
    alerts = list(settings.alerts.glob("*.json"))
    assert len(alerts) == 1

    # Mended: the rates arrive, and the next run publishes.
    (settings.landing / "generic" / "fx_rates" / "nok.csv").write_text(
        "currency,rate_on,rate\n" + "".join(f"NOK,2025-{month:02}-28,0.09\n" for month in range(1, 13)),
        encoding="utf-8",
    )
    assert refresh(settings, landing_is_given=False).release_id
    with duckdb.connect(str(settings.current / "csw.duckdb"), read_only=True) as marts:
        closing = marts.execute(
            "select closing_mrr from marts.fct_account_months"
            " where account_id = 'A-nok' and month = '2025-12-01'"
        ).fetchone()
    assert closing is not None
    assert str(closing[0]) == "0.9000"


def test_a_failing_expectation_publishes_nothing_and_names_it(
    small_company: Settings, copy_of: Copy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    suites = tmp_path / "suites"
    suites.mkdir()
    for path in (PROJECT_DIR / "orchestration" / "quality" / "suites").glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        if path.name == "revenue.yml":
            assert "{min_value: 1}" in text
            text = text.replace("{min_value: 1}", "{min_value: 1000000}")
        (suites / path.name).write_text(text, encoding="utf-8")
    strict = load_suites(suites)
    monkeypatch.setattr(pipeline, "load_suites", lambda: strict)

    settings = copy_of(small_company)
    before = fingerprint_of_current(settings)
    with pytest.raises(CswError) as failure:
        refresh(settings, landing_is_given=False, force=True)
    assert "mrr_monthly" in str(failure.value)
    assert "1000000" in str(failure.value).replace(",", "")
    assert fingerprint_of_current(settings) == before
    assert len(list_releases(settings)) == 1


@pytest.mark.parametrize("seconds", [9.0])
def test_a_killed_run_leaves_current_alone_and_the_next_one_succeeds(
    small_company: Settings, copy_of: Copy, seconds: float
) -> None:
    settings = copy_of(small_company)
    before = fingerprint_of_current(settings)
    land_periods(settings, "more.csv", HEADER + "S-more,A-more,USD,10,month,2025-03-01\n")
    run = subprocess.Popen(
        [sys.executable, "-m", "orchestration", "run", "--home", str(settings.home), "--as-of", "2026-01-01"],
        cwd=PROJECT_DIR,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        after = fingerprint_of_current(settings)
        if after["target"] == before["target"]:
            assert after == before
    outcome = refresh(settings, landing_is_given=False)
    assert outcome.release_id or outcome.message.startswith("nothing new")
    with duckdb.connect(str(settings.current / "csw.duckdb"), read_only=True) as marts:
        found = marts.execute(
            "select current_mrr from marts.dim_accounts where account_id = 'A-more'"
        ).fetchone()
    assert found is not None
    assert str(found[0]) == "10.0000"
    assert not list(settings.runs.glob("*"))


def test_rolling_back_leads_to_the_release_before(small_company: Settings, copy_of: Copy) -> None:
    settings = copy_of(small_company)
    before = fingerprint_of_current(settings)
    land_periods(settings, "more.csv", HEADER + "S-more,A-more,USD,10,month,2025-03-01\n")
    assert refresh(settings, landing_is_given=False).release_id
    assert fingerprint_of_current(settings)["target"] != before["target"]
    rollback(settings)
    assert fingerprint_of_current(settings) == before


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("churn_recognition=yesterday", "service_end"), ("gross_margin=1.2", "not above 1, or none")],
)
def test_a_wrong_policy_value_is_a_message_with_the_right_ones(
    small_company: Settings, copy_of: Copy, policy: str, expected: str
) -> None:
    copied = copy_of(small_company)
    settings = load_settings(home=copied.home, as_of="2026-01-01", policies=[policy])
    with pytest.raises(CswError) as failure:
        refresh(settings, landing_is_given=False)
    assert policy.partition("=")[0] in str(failure.value)
    assert expected in str(failure.value)
    assert "Traceback" not in str(failure.value)


@pytest.mark.parametrize(
    "policies",
    [
        [
            "churn_recognition=cancel_requested",
            "discount_policy=none",
            "past_due_grace_days=never",
            "reactivation_window=90",
            "weeks_per_month=4.33",
            "slice_dimensions=[]",
        ],
        [
            "pause_policy=keep",
            "usage_policy=include_recurring_usage",
            "churn_rate_denominator=opening_plus_new",
            "discount_policy=forever_only",
            "grouping_window=0",
            "past_due_grace_days=0",
            "slice_dimensions=[plan]",
        ],
    ],
)
def test_every_invariant_holds_under_other_policies(
    small_company: Settings, copy_of: Copy, policies: list[str]
) -> None:
    home = copy_of(small_company).home
    settings = load_settings(home=home, as_of="2026-01-01", policies=policies)
    assert refresh(settings, landing_is_given=False).release_id
    with duckdb.connect(str(settings.current / "csw.duckdb"), read_only=True) as marts:
        in_force = dict(marts.execute("select policy, value_in_force from marts._policies").fetchall())
    for policy in policies:
        name, value = policy.split("=")
        assert in_force[name].replace('"', "") == value
