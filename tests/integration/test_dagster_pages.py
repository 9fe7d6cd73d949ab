"""What Dagster's pages show of a run that `csw run` made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.dagster_defs.direct import CODE_LOCATION
from orchestration.dagster_defs.instance import open_instance
from orchestration.releases import current_release_id

pytestmark = pytest.mark.integration

MOST_EVENTS = 1_100
"""More events make a run slower: Dagster stores them one by one."""


@pytest.fixture
def home(small_company: Settings, copy_of: Callable[[Settings], Settings]) -> Settings:
    return copy_of(small_company)


@pytest.fixture
def instance(home: Settings) -> Iterator[dg.DagsterInstance]:
    with open_instance(home) as instance:
        yield instance


def metadata_of(instance: dg.DagsterInstance, kind: dg.DagsterEventType, key: dg.AssetKey) -> dict[str, Any]:
    (run,) = instance.get_runs()
    (found,) = [
        entry.get_dagster_event()
        for entry in instance.all_logs(run.run_id, of_type=kind)
        if entry.get_dagster_event().asset_key == key
    ]
    materialization = kind == dg.DagsterEventType.ASSET_MATERIALIZATION
    event = (
        found.step_materialization_data.materialization
        if materialization
        else found.asset_observation_data.asset_observation
    )
    return {name: entry.value for name, entry in event.metadata.items()}


def test_the_run_is_listed_under_the_code_location_of_the_pages(instance: dg.DagsterInstance) -> None:
    listed = dg.RunsFilter(
        job_name="refresh", tags={".dagster/repository": f"__repository__@{CODE_LOCATION}"}
    )
    (run,) = instance.get_runs(listed)
    # Dagster must not start it again: it does not know the options of `csw run`.
    assert run.tags["dagster/max_retries"] == "0"
    for path in ("Makefile", "deploy/csw-daemon.service", "deploy/csw-webserver.service"):
        assert f"-m {CODE_LOCATION}" in (PROJECT_DIR / path).read_text(encoding="utf-8")


def test_its_tags_say_what_it_was_for_and_what_it_made(home: Settings, instance: dg.DagsterInstance) -> None:
    (run,) = instance.get_runs()
    assert {name: value for name, value in run.tags.items() if name.startswith("csw/")} == {
        "csw/purpose": "run",
        "csw/as_of": home.as_of.isoformat(),
        "csw/release_id": current_release_id(home),
    }


def test_marts_have_their_number_of_rows(home: Settings, instance: dg.DagsterInstance) -> None:
    manifest = json.loads((home.current / "manifest.json").read_text(encoding="utf-8"))
    kind = dg.DagsterEventType.ASSET_OBSERVATION
    counted = {
        mart: metadata_of(instance, kind, dg.AssetKey(["marts", mart]))["dagster/row_count"]
        for mart in manifest["tables"]
    }
    assert counted == {mart: table["rows"] for mart, table in manifest["tables"].items()}
    assert counted["mrr_monthly"] > 0


def test_the_release_has_its_closing_mrr_and_leads_to_its_files(
    home: Settings, instance: dg.DagsterInstance
) -> None:
    found = metadata_of(instance, dg.DagsterEventType.ASSET_MATERIALIZATION, dg.AssetKey("release"))
    with duckdb.connect(str(home.current / "marts.duckdb"), read_only=True) as connection:
        latest = connection.execute(
            "select month, closing_mrr, closing_customers from marts.marts.mrr_monthly"
            " where dimension = 'all' order by month desc limit 1"
        ).fetchone()
    assert latest is not None
    shown = (found["month"], Decimal(str(found["closing_mrr"])), found["customers"])
    assert shown == (latest[0].isoformat(), latest[1], latest[2])
    folder = f"releases/{current_release_id(home)}"
    assert found["folder"].endswith(folder)
    assert found["manifest"].endswith(f"{folder}/manifest.json")
    assert found["report"].endswith(f"{folder}/report/index.html")


def test_a_run_stores_few_events(instance: dg.DagsterInstance) -> None:
    (run,) = instance.get_runs()
    assert 0 < len(instance.all_logs(run.run_id)) <= MOST_EVENTS
