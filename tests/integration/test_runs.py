"""What a run may and may not change in the published releases."""

from __future__ import annotations

import json
from collections.abc import Callable

import duckdb
import pytest

from orchestration.core.settings import Settings, load_settings
from orchestration.landing import accepted_batches
from orchestration.refresh import refresh
from orchestration.releases import list_releases
from tests.conftest import fingerprint_of_current
from tests.runs import run_to_the_end

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


def test_the_previous_duckdb_line_can_use_every_database(small_company: Settings) -> None:
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
    experiment = run_to_the_end(settings, "other")
    with duckdb.connect(str(settings.releases / experiment / "csw.duckdb"), read_only=True) as marts:
        in_force = dict(marts.execute("select policy, value_in_force from marts._policies").fetchall())
    for policy in policies:
        name, value = policy.split("=")
        assert in_force[name].replace('"', "") == value
