"""If figures of a closed month change, a mart, the manifest and the output of the run report it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.settings import Settings, load_settings
from orchestration.landing.withdrawing import withdraw
from orchestration.releases.manifest import read_manifest
from orchestration.releases.previous import restatements_in_words
from tests.runs import run_to_the_end
from tests.shared import spare_parsing

pytestmark = pytest.mark.integration

PERIODS = "subscription_id,account_id,currency,unit_amount,interval,period_start\n"

# Month, measure: before, now. The total and the only segment have the same values.
EXPECTED = {
    ("2025-02", "mrr_monthly.expansion_mrr"): (0, 50),
    ("2025-02", "mrr_monthly.net_expansion_mrr"): (0, 50),
    ("2025-02", "mrr_monthly.closing_mrr"): (100, 150),
    ("2025-02", "mrr_monthly.committed_mrr"): (100, 150),
    ("2025-03", "mrr_monthly.opening_mrr"): (100, 150),
    ("2025-03", "mrr_monthly.closing_mrr"): (100, 150),
    ("2025-03", "mrr_monthly.committed_mrr"): (100, 150),
}


def put(settings: Settings, name: str, text: str) -> None:
    path = settings.landing / "generic" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def restated(settings: Settings) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.current / "csw.duckdb"), read_only=True) as marts:
        return marts.execute(
            "select strftime(month, '%Y-%m'), measure, dimension, dimension_value, value_before, value_now,"
            " cause, first_seen_in_release from marts._restatements order by all"
        ).fetchall()


def test_a_late_record_restates_exactly_what_it_changes(tmp_path: Path) -> None:
    books = {"CSW_POLICIES": "slice_dimensions=[segment]"}
    settings = load_settings(tmp_path / "home", as_of="2025-04-15", environment=books)
    spare_parsing(settings)
    put(settings, "accounts/one.csv", "account_id,segment\nA1,smb\n")
    put(settings, "subscription_periods/one.csv", PERIODS + "S1,A1,USD,100,month,2025-01-10\n")
    first = run_to_the_end(settings, "first")
    assert restated(settings) == []
    assert read_manifest(settings.releases / first)["restatements"] == {
        "figures": 0,
        "months": [],
        "cause": None,
    }

    # A start in February becomes known only in April. The figures of April itself are not restatements.
    put(settings, "subscription_periods/late.csv", PERIODS + "S2,A1,USD,50,month,2025-02-05\n")
    second = run_to_the_end(settings, "second")
    expected = sorted(
        (month, measure, *slice_, Decimal(before), Decimal(now), "data", second)
        for (month, measure), (before, now) in EXPECTED.items()
        for slice_ in (("all", "all"), ("segment", "smb"))
    )
    assert restated(settings) == expected
    counted = read_manifest(settings.releases / second)["restatements"]
    assert counted == {"figures": 14, "months": ["2025-02", "2025-03"], "cause": "data"}
    assert restatements_in_words(counted) == (
        "restated 14 figures of 2 closed months (2025-02, 2025-03), because of late or corrected data; "
        "see _restatements"
    )

    # The file was a mistake. Without it, every figure is as before, and the log gives the cause.
    withdraw(settings, "late.csv", "it was never signed")
    third = run_to_the_end(settings, "third")
    undone = [(*row[:4], row[5], row[4], "withdrawal", third) for row in expected]
    assert restated(settings) == sorted([*expected, *undone])
    manifest = read_manifest(settings.releases / third)
    [entry] = manifest["withdrawn_batches"]
    assert (entry["file"], entry["reason"]) == (
        "generic/subscription_periods/late.csv",
        "it was never signed",
    )
    assert entry["batch_id"] not in {batch["batch_id"] for batch in manifest["raw_batches"]}
    assert restatements_in_words(manifest["restatements"]) == (
        "restated 14 figures of 2 closed months (2025-02, 2025-03), because of withdrawn or restored files; "
        "see _restatements"
    )
