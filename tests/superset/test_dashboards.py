"""A real Superset shows the bundle's dashboards with the figures of the marts, also of a newer release.

The tests run in their order: the last one publishes a second release.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.serialization import read_yaml
from orchestration.core.settings import Settings, load_settings
from orchestration.refresh import refresh
from tests.superset.dashboards import Asked, open_dashboard
from tests.superset.server import Superset
from tools.superset_bundle import BUNDLE

CHARTS = {path.stem: read_yaml(path) for path in BUNDLE.glob("charts/*.yaml")}
DASHBOARDS = sorted(path.stem for path in BUNDLE.glob("dashboards/*.yaml"))

ALL = "dimension = 'all'"
MONTHS = f"where {ALL} and is_complete"
WINDOW = f"{MONTHS} and window_months = 12"
QUARTERS = (
    f"where {ALL} and period_type = 'quarter' and survey_kind = 'relational' "
    "and weighting = 'respondent' and is_mature"
)
NET_NEW = "closing_mrr - opening_mrr - transfer_mrr - fx_impact_mrr"
FIGURES = {
    "mrr": f"select arg_max(closing_mrr, month) from marts.mrr_monthly {MONTHS}",
    "arr": f"select arg_max(closing_arr, month) from marts.mrr_monthly {MONTHS}",
    "customers": f"select arg_max(closing_customers, month) from marts.mrr_monthly {MONTHS}",
    "net_new_mrr": f"select arg_max({NET_NEW}, month) from marts.mrr_monthly {MONTHS}",
    "nrr": f"select arg_max(nrr, month) from marts.retention_monthly {WINDOW}",
    "grr": f"select arg_max(grr, month) from marts.retention_monthly {WINDOW}",
    "customer_retention": "select arg_max(customer_retention_rate, month) "
    f"from marts.retention_monthly {WINDOW}",
    "logo_churn": f"select arg_max(customer_churn_rate, month) from marts.churn_monthly {MONTHS}",
    "nps": f"select arg_max(nps, period_start) from marts.nps_periods {QUARTERS}",
    "nps_answers": f"select arg_max(responses, period_start) from marts.nps_periods {QUARTERS}",
    "mrr_at_stake": f"select arg_max(mrr_at_stake, month) from marts.health_monthly where {ALL}",
    "customers_at_risk": f"select arg_max(customers_at_risk, month) from marts.health_monthly where {ALL}",
}
"""The query of twelve charts in plain SQL on the marts."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pictures: SUPERSET_PICTURES, or one that pytest deletes."""
    folder = Path(os.environ.get("SUPERSET_PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def asked(superset: Superset, pictures: Path) -> Asked:
    """What the charts of all dashboards ask, as a browser sends it."""
    found: dict[str, Mapping[str, Any]] = {}
    for slug in DASHBOARDS:
        found |= open_dashboard(superset, slug, pictures / f"{slug}.png")
    return found


def rows(superset: Superset, question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that answer a chart's question."""
    status, answer = superset.post("/api/v1/chart/data", question)
    assert status == 200, answer
    found: list[dict[str, Any]] = answer["result"][0]["data"]
    return found


def latest(superset: Superset, asked: Asked, chart: str) -> float:
    """The last value that a chart of one figure shows."""
    params = CHARTS[chart]["params"]
    answer = rows(superset, asked[CHARTS[chart]["slice_name"]])
    value: float = max(answer, key=lambda row: row[params["x_axis"]])[params["metric"]]
    return value


def figures(warehouse: Settings) -> dict[str, float]:
    """The twelve figures of the current release."""
    with duckdb.connect(str(warehouse.current / "csw.duckdb"), read_only=True) as connection:
        found = {chart: connection.execute(query).fetchone() for chart, query in FIGURES.items()}
    return {chart: float(row[0]) for chart, row in found.items() if row}


def test_every_chart_is_drawn_from_rows(superset: Superset, asked: Asked) -> None:
    assert sorted(asked) == sorted(chart["slice_name"] for chart in CHARTS.values())
    for name, question in asked.items():
        assert rows(superset, question), f"{name} has no rows"


def test_twelve_figures_are_those_of_the_marts(superset: Superset, asked: Asked, warehouse: Settings) -> None:
    shown = {chart: latest(superset, asked, chart) for chart in FIGURES}
    assert len(shown) == 12
    assert shown == pytest.approx(figures(warehouse), rel=1e-12)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("create table marts.mine as select 1 as one", "does not allow for DDL/DML"),
        ("update marts.mrr_monthly set closing_mrr = 0", "does not allow for DDL/DML"),
        ("copy marts.mrr_monthly to '/tmp/mrr.csv'", "file system operations are disabled"),
        ("select * from read_csv('/etc/passwd')", "file system operations are disabled"),
        ("set memory_limit = '64GB'", "the configuration has been locked"),
    ],
)
def test_sql_lab_cannot_write_or_read_files(superset: Superset, sql: str, reason: str) -> None:
    status, answer = ask(superset, sql)
    assert status != 200
    assert reason in answer["errors"][0]["message"]


def test_the_connection_is_read_only_even_if_superset_lets_changes_through(superset: Superset) -> None:
    (database,) = superset.get("/api/v1/database/")["result"]
    superset.put(f"/api/v1/database/{database['id']}", {"allow_dml": True})
    status, answer = ask(superset, "update marts.mrr_monthly set closing_mrr = 0")
    superset.put(f"/api/v1/database/{database['id']}", {"allow_dml": False})
    assert status != 200
    assert "read-only mode" in answer["errors"][0]["message"]


def ask(superset: Superset, sql: str) -> tuple[int, Any]:
    """Run a query in SQL Lab."""
    (database,) = superset.get("/api/v1/database/")["result"]
    question = {
        "database_id": database["id"],
        "sql": sql,
        "schema": "marts",
        "client_id": secrets.token_hex(5),
    }
    return superset.post("/api/v1/sqllab/execute/", question)


def test_the_next_query_shows_a_release_that_is_published_meanwhile(
    superset: Superset, asked: Asked, warehouse: Settings
) -> None:
    before = figures(warehouse)
    assert latest(superset, asked, "mrr") == pytest.approx(before["mrr"])
    first = warehouse.current.resolve().name
    publish_another_customer(warehouse)
    assert warehouse.current.resolve().name != first
    after = figures(warehouse)
    assert after["mrr"] == pytest.approx(before["mrr"] + 1000)
    assert {chart: latest(superset, asked, chart) for chart in FIGURES} == pytest.approx(after, rel=1e-12)
    status, answer = ask(superset, "select release_id from marts._release")
    assert (status, answer["data"]) == (200, [{"release_id": warehouse.current.resolve().name}])


def publish_another_customer(warehouse: Settings) -> None:
    """Deliver a customer who pays 1,000 a month from October 2025 on, and run the job."""
    for name, text in {
        "accounts": "account_id,account_name,segment,country\nLATE,Late Ltd,smb,GB\n",
        "subscription_periods": "subscription_id,account_id,currency,unit_amount,interval,period_start\n"
        "S-LATE,LATE,USD,1000,month,2025-10-01\n",
    }.items():
        (warehouse.landing / "generic" / name / "late.csv").write_text(text)
    outcome = refresh(load_settings(warehouse.home, as_of=warehouse.as_of_text), landing_is_given=False)
    assert outcome.release_id, outcome.message
