"""The reconciliation finds rows of every object that are lost, doubled or changed on the way to the marts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.core.settings import Settings
from orchestration.dbt_runner.contract_files import generic_contracts
from orchestration.landing import accepted_batches
from orchestration.quality.gate import Finding
from orchestration.refresh import refresh
from orchestration.releases.origins import compare_with_origins, open_origins
from tests.conftest import copy_home
from tests.shared import declared_contracts

pytestmark = pytest.mark.integration

CONTRACTS = generic_contracts()


@pytest.fixture(scope="module")
def copies(small_company: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The two databases of a release, which a test changes and restores."""
    folder = tmp_path_factory.mktemp("copies")
    files = {"build": "warehouse.duckdb", "release": "csw.duckdb"}
    for file in files.values():
        shutil.copyfile(small_company.current / file, folder / file)
    return {name: folder / file for name, file in files.items()}


def found_after(settings: Settings, copies: dict[str, Path], change: str) -> dict[str, Finding]:
    """Blocking findings after some SQL on the copies; the SQL is rolled back."""
    for path in copies.values():
        shutil.copyfile(path, path.with_suffix(".kept"))
    with duckdb.connect() as connection:
        for name, path in copies.items():
            connection.execute(f"attach '{path}' as {name}")
        changed = connection.execute(change).fetchone()
    assert changed != (0,), "nothing was changed"
    batches = accepted_batches(settings)
    opened = open_origins(settings, copies["build"], copies["release"], batches)
    origins = compare_with_origins(settings, opened, batches, declared_contracts())
    for path in copies.values():
        path.with_suffix(".kept").replace(path)
    return {one.name: one for one in origins.findings if one.is_blocking}


@pytest.mark.parametrize("label", [one.label for one in CONTRACTS.values() if one.usage is None])
def test_reconciliation_finds_a_missing_or_extra_row_of_every_object(
    small_company: Settings, copies: dict[str, Path], label: str
) -> None:
    source, _, name = label.partition("/")
    contract = CONTRACTS[source, name]
    arrival = contract.arrival
    assert arrival is not None
    model = f"build.unified.{arrival.model}"
    if any(one.object == name for one in accepted_batches(small_company)):
        # If there is a total, choose a row that counts in it.
        last = f"max_by(rowid, {arrival.total})" if arrival.total else "max(rowid)"
        change = f"delete from {model} where rowid = (select {last} from {model} where {arrival.where})"
    else:
        types = {column.name: column.data_type for column in contract.columns}
        ghost = ", ".join(
            f"{repr('ghost') if types.get(column) == 'varchar' else 'null'} as {column}"
            for column in arrival.columns
        )
        change = f"create or replace table {model} as from {model} union all by name select {ghost}"
    found = found_after(small_company, copies, change)
    assert f"reconciliation.{label} keys" in found
    assert f"reconciliation.{label} {arrival.total}" in found or not arrival.total


@pytest.mark.parametrize(
    ("change", "measure", "words"),
    [
        (
            "update build.unified.unified_subscription_periods set subscription_id = subscription_id || '?'"
            " where rowid = 0",
            "generic/subscription_periods keys",
            "in both",
        ),
        (
            "update build.unified.unified_invoices set amount = amount + 0.0001 where rowid = 0",
            "generic/invoices amount",
            "unified",
        ),
        (
            "create or replace table build.unified.unified_usage_event_weeks as"
            " from build.unified.unified_usage_event_weeks union all by name select 1 as events",
            "usage events",
            "unified",
        ),
        (
            "delete from release.marts.fct_survey_responses where rowid = 0",
            "survey responses",
            "fct_survey_responses",
        ),
        (
            "update release.marts.dim_accounts set current_mrr = current_mrr + 0.0001 where rowid = 0",
            "current MRR",
            "mrr_monthly",
        ),
        ("delete from release.marts.dim_accounts where current_mrr = 0", "accounts", "dim_accounts"),
        (
            "insert into release.marts.fct_tickets by name select 'more' as ticket_id, 'open' as status,"
            " true as is_open, now() as created_at, current_date as created_month",
            "tickets",
            "fct_tickets",
        ),
    ],
)
def test_a_measure_that_differs_between_layers_is_named_with_its_values(
    small_company: Settings, copies: dict[str, Path], change: str, measure: str, words: str
) -> None:
    found = found_after(small_company, copies, change)
    assert words in found[f"reconciliation.{measure}"].message
    assert not found[f"reconciliation.{measure}"].acceptable


def test_reconciliation_finds_rows_that_the_build_did_not_read(
    small_company: Settings, copies: dict[str, Path]
) -> None:
    batches = [replace(one, rows_loaded=one.rows_loaded + 1) for one in accepted_batches(small_company)]
    opened = open_origins(small_company, copies["build"], copies["release"], batches)
    origins = compare_with_origins(small_company, opened, batches, declared_contracts())
    names = {one.name for one in origins.findings if one.is_blocking}
    assert names == {f"reconciliation.{one.source}/{one.object} rows" for one in batches}


def test_a_failed_comparison_blocks_as_a_separate_finding(
    small_company: Settings, copies: dict[str, Path]
) -> None:
    found = found_after(small_company, copies, "drop table build.unified.unified_plans")
    assert [(name, one.verdict) for name, one in found.items()] == [("reconciliation", "error")]


def test_different_facts_with_one_key_all_arrive(
    small_company: Settings, copy_of: Callable[[Settings], Settings]
) -> None:
    """Tests answers of two tools, lines of a subscription without ids, and costs of one month and channel."""
    settings = copy_of(small_company)
    answers = "response_id,account_id,respondent_id,survey_type,score,sent_at\n"
    files = {
        "survey_responses/tool_a.csv": answers
        + "1,A-000001,p1,nps,10,2025-04-05\n2,A-000001,p2,nps,9,2025-04-05\n",
        "survey_responses/tool_b.csv": answers
        + "1,A-000001,p3,nps,2,2025-04-05\n2,A-000001,p2,nps,9,2025-05-05\n",
        "survey_responses/z_later.csv": answers
        + "1,A-000001,p3,nps,3,2025-04-05\n2,A-000001,,nps,8,2025-04-05\n",
        "subscription_periods/lines.csv": (
            "subscription_id,account_id,plan_id,currency,unit_amount,interval,period_start\n"
        )
        + "S-lines,A-000001,base,USD,100,month,2025-03-01\nS-lines,A-000001,seats,USD,50,month,2025-03-01\n",
        "acquisition_costs/odd.csv": "month,channel,amount,currency\n"
        "2025-03-01,fair,100,USD\n2025-03-01,fair,40,USD\n2025-03-01,fair,40,USD\n",
    }
    for name, text in files.items():
        (settings.landing / "generic" / name).write_text(text, encoding="utf-8")
    # The gate would refuse the release if a row were lost or doubled.
    assert refresh(settings, landing_is_given=False).release_id
    with duckdb.connect(str(settings.current / "csw.duckdb"), read_only=True) as marts:
        scores = marts.execute(
            "select response_id, score from marts.fct_survey_responses"
            " where response_id similar to '[12](#2)?' order by response_id"
        ).fetchall()
        lines = marts.execute(
            "select item_id, mrr_change from marts.fct_mrr_movement_items"
            " where subscription_id = 'S-lines' order by item_id"
        ).fetchall()
        cost = marts.execute(
            "select acquisition_cost from marts.unit_economics_monthly"
            " where month = '2025-03-01' and dimension_value = 'fair'"
        ).fetchone()
    assert scores == [("1", 10), ("1#2", 3), ("2", 8), ("2#2", 9)]
    assert lines == [("S-lines:base", 100), ("S-lines:seats", 50)]
    assert cost == (140,)


def test_the_manifest_lists_the_reconciled_measures(small_company: Settings) -> None:
    manifest = json.loads((small_company.current / "manifest.json").read_text(encoding="utf-8"))
    measures = {one.pop("measure"): one for one in manifest["reconciliation"]}
    by_key = {f"{contract.label} keys" for contract in CONTRACTS.values() if contract.usage is None}
    assert by_key | {"usage events"} < set(measures)
    for name, values in measures.items():
        assert len(set(values.values())) == 1, name
    assert float(measures["current MRR"]["mrr_monthly"]) > 0
    rows = {label: str(one["rows_loaded"]) for label, one in manifest["landing"].items()}
    assert rows == {label: measures[f"{label} rows"]["raw"] for label in rows}


def test_a_warehouse_that_was_moved_can_still_be_compared(small_company: Settings, tmp_path: Path) -> None:
    moved = copy_home(small_company, tmp_path / "home")
    folder = moved.current.resolve()
    gone = small_company.raw.rename(tmp_path / "raw")
    try:
        batches = accepted_batches(moved)
        opened = open_origins(moved, folder / "warehouse.duckdb", folder / "csw.duckdb", batches)
        origins = compare_with_origins(moved, opened, batches, declared_contracts())
    finally:
        gone.rename(small_company.raw)
    assert {one.verdict for one in origins.findings} == {"passed"}
    assert len(origins.measures) > len(CONTRACTS)
