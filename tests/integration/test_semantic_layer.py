"""MetricFlow answers what the marts say, on a published release, for every metric, month and slice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.dbt_runner.connectors import folders_of_others
from orchestration.dbt_runner.invocation import WAREHOUSE_FILE, invoke
from orchestration.dbt_runner.parsing import variables
from orchestration.dbt_runner.unread import unread
from tests.shared import made_once, spare_parsing

pytestmark = pytest.mark.integration

PROFILES = PROJECT_DIR / "tools" / "release"

Values = dict[tuple[date, str], Any]
"""Values by period and slice."""

# The dimension of a mart and what MetricFlow groups by.
SLICES = {
    "all": (),
    "segment": ("account__segment",),
    "country": ("account__country",),
    "industry": ("account__industry",),
    "acquisition_channel": ("account__acquisition_channel",),
    "plan": ("plan",),
}
PERIODS = {
    "renewals_quarterly": "quarter",
    "nps_periods": "period_start",
    "satisfaction_periods": "period_start",
    "health_backtest": "period_start",
}
"""Column of the period in marts that do not call it month."""

OF_COSTS = ("acquisition_cost", "cac")
OF_BACKTEST = ("health_recall", "health_precision", "health_base_rate", "health_lift")
"""Metrics of a mart without slices."""
TRAILING = ("trailing_churned_customers", "trailing_base_customers")

ONE_ROW = {
    "retention_monthly": "window_months = 12",
    # A channel that cost money before it had a customer has a row with costs only.
    "unit_economics_monthly": "arpa is not null",
    "nps_periods": "survey_kind = 'relational' and weighting = 'respondent' and period_type = '{grain}'",
    "satisfaction_periods": "survey_kind = 'transactional' and survey_type = '{metric}'"
    " and touchpoint = 'all' and scale_max = if('{metric}' = 'csat', 5, 7) and higher_is_better"
    " and period_type = '{grain}'",
    "health_backtest": "period_type = '{grain}' and rule_name = 'red' and horizon_days = 90",
}
"""Condition for marts with several rows per period and slice, or with rows of other metrics."""

# Rates are sums of floating-point numbers, so their last digit depends on the order of the rows.
TOLERANCE = 1e-12


@pytest.fixture(scope="module")
def semantics() -> dict[str, Any]:
    """The semantic manifest of the project."""

    def parse(home: Path) -> dict[str, Any]:
        settings = spare_parsing(load_settings(home=home, environment={}))
        # The parsed project lacks only the folder that a run leaves unread.
        with unread(folders_of_others([]), unit_tests=False):
            invoke(settings, ["parse", *variables([])], Path(WAREHOUSE_FILE), as_of="")
        written = (settings.dbt / "target" / "semantic_manifest.json").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(written)
        return found

    return made_once("semantics", parse)


@pytest.fixture(scope="module")
def release(small_company: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(small_company.current / WAREHOUSE_FILE, read_only=True) as connection:
        yield connection


class Layer:
    """A semantic manifest on a release."""

    def __init__(self, semantics: Mapping[str, Any], release: duckdb.DuckDBPyConnection) -> None:
        from metricflow.engine.metricflow_engine import MetricFlowEngine
        from metricflow.protocols.sql_client import SqlEngine
        from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
        from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
        from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

        manifest = parse_manifest_from_dbt_generated_manifest(json.dumps(semantics))
        # The tests run the SQL themselves, because the client of `mf` turns decimals into floats.
        client: Any = SimpleNamespace(
            sql_engine_type=SqlEngine.DUCKDB, sql_plan_renderer=DuckDbSqlPlanRenderer()
        )
        self.engine = MetricFlowEngine(SemanticManifestLookup(manifest), client)
        self.release = release
        metrics = {metric["name"]: metric for metric in semantics["metrics"]}
        columns = {name: metric["config"]["meta"].get("column", "") for name, metric in metrics.items()}
        self.columns = {name: column.split(".") for name, column in columns.items() if column}

    def query(self, metrics: Sequence[str], group_by: Sequence[str]) -> list[dict[str, Any]]:
        """Return the rows of the answer."""
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

        request = MetricFlowQueryRequest.create(metric_names=list(metrics), group_by_names=list(group_by))
        answer = self.release.execute(self.engine.explain(request).sql_statement.sql)
        names = [column[0] for column in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def groups(self, dimension: str, of: Sequence[str]) -> Iterator[tuple[list[str], str, tuple[str, ...]]]:
        """Metrics that one query can answer, their grain, and what else to group by."""
        of_quarters = [
            name for name in of if self.columns[name][0] == "renewals_quarterly" or name == "nps_quarter"
        ]
        others = (*of_quarters, *OF_COSTS, *OF_BACKTEST)
        yield [name for name in of if name not in others], "month", SLICES[dimension]
        yield of_quarters, "quarter", SLICES[dimension]
        if dimension in ("all", "acquisition_channel"):
            yield (
                [name for name in of if name in OF_COSTS],
                "month",
                ("channel",) if dimension != "all" else (),
            )
        if dimension == "all":
            yield [name for name in of if name in OF_BACKTEST], "month", ()

    def differences(self, dimension: str, of: Sequence[str]) -> tuple[set[str], dict[str, int]]:
        """Return the metrics that differ from their mart, and the number of compared values of each."""
        different: set[str] = set()
        compared: dict[str, int] = {}
        for metrics, grain, group_by in filter(lambda group: group[0], self.groups(dimension, of)):
            period = f"metric_time__{grain}"
            answers = self.query(metrics, (period, *group_by))
            for name in metrics:
                found = {
                    (row[period].date(), row[group_by[0]] if group_by else "all"): row[name]
                    for row in answers
                }
                marts = self.mart_values(name, dimension, grain)
                compared[name] = sum(key in found for key in marts)
                # Where a mart has nothing to count, it has a row with zeros and MetricFlow has none.
                if not all(
                    equal(name, found[key], figure) if key in found else figure in (None, 0)
                    for key, figure in marts.items()
                ):
                    different.add(name)
        return different, compared

    def empty_marts(self) -> set[str]:
        """Return the marts of metrics that have no rows."""
        marts = {mart for mart, _ in self.columns.values()}
        return {mart for mart in marts if not self.release.execute(f"from marts.{mart} limit 1").fetchall()}

    def mart_values(self, metric: str, dimension: str, grain: str) -> Values:
        mart, column = self.columns[metric]
        period = PERIODS.get(mart, "month")
        condition = (
            "true" if metric in OF_COSTS else ONE_ROW.get(mart, "true").format(grain=grain, metric=metric)
        )
        slices = "'all' as dimension, 'all' as dimension_value, " if metric in OF_BACKTEST else ""
        rows = self.release.execute(
            f"select {period}, dimension_value, {column} from (select {slices}* from marts.{mart})"
            f" where dimension = ? and {condition}",
            [dimension],
        )
        return {(start, value): figure for start, value, figure in rows.fetchall()}


def equal(metric: str, found: Any, expected: Any) -> bool:
    """Amounts and counts must be equal, and rates within the tolerance."""
    if found is None and metric in TRAILING:
        # A channel that had only costs until now.
        return expected in (None, 0)
    if isinstance(expected, float) and found is not None:
        return bool(abs(found - expected) <= TOLERANCE * abs(expected))
    return bool(found == expected)


@pytest.fixture(scope="module")
def layer(semantics: dict[str, Any], release: duckdb.DuckDBPyConnection) -> Layer:
    return Layer(semantics, release)


@pytest.mark.parametrize("dimension", SLICES)
def test_every_metric_equals_its_mart(layer: Layer, dimension: str) -> None:
    different, compared = layer.differences(dimension, tuple(layer.columns))
    assert different == set()
    costs = set() if dimension in ("all", "acquisition_channel") else set(OF_COSTS)
    unsliced = set() if dimension == "all" else set(OF_BACKTEST)
    assert set(compared) == set(layer.columns) - costs - unsliced
    # A company without events has no row of usage.
    unmeasured = {name for name, values in compared.items() if not values}
    assert {layer.columns[name][0] for name in unmeasured} <= layer.empty_marts(), compared


def change_measure(semantics: dict[str, Any], name: str, **changes: Any) -> None:
    (measure,) = (
        measure
        for model in semantics["semantic_models"]
        for measure in model["measures"]
        if measure["name"] == name
    )
    measure.update(changes)


def change_metric(semantics: dict[str, Any], name: str, **changes: Any) -> None:
    (metric,) = (metric for metric in semantics["metrics"] if metric["name"] == name)
    metric["type_params"].update(changes)


@pytest.mark.parametrize(
    ("change", "metric"),
    [
        (lambda one: change_measure(one, "mrr", expr="committed_mrr"), "mrr"),
        (lambda one: change_measure(one, "new_mrr", expr="net_new_mrr + 0.0001"), "new_mrr"),
        (lambda one: change_measure(one, "nps", agg="max"), "nps"),
        (lambda one: change_measure(one, "ces", expr="score"), "ces"),
        (lambda one: change_measure(one, "renewals_due", expr="due_amount"), "renewals_due"),
        (lambda one: change_measure(one, "mrr_at_stake", expr="closing_mrr"), "mrr_at_stake"),
        (lambda one: change_metric(one, "health_lift", expr="health_precision"), "health_lift"),
        (lambda one: change_metric(one, "arr", expr="12.0001 * mrr"), "arr"),
        (lambda one: change_metric(one, "ltv", expr="mrr * trailing_base_customers"), "ltv"),
    ],
    ids=["balance", "movement", "score", "share", "renewals", "stake", "lift", "factor", "formula"],
)
def test_a_changed_definition_differs_from_its_mart(
    semantics: dict[str, Any], release: duckdb.DuckDBPyConnection, change: Any, metric: str
) -> None:
    changed = deepcopy(semantics)
    change(changed)
    assert Layer(changed, release).differences("all", [metric])[0] == {metric}


def test_combined_dimensions_add_up(layer: Layer) -> None:
    metrics, month = ["mrr", "new_mrr"], "metric_time__month"
    parts = layer.query(metrics, [month, "account__segment", "account__country", "plan"])
    totals = {row[month]: row for row in layer.query(metrics, [month])}
    assert len(parts) > 3 * len(totals)
    for start, total in totals.items():
        for name in metrics:
            assert sum(row[name] for row in parts if row[month] == start) == total[name]


def test_a_quarter_shows_its_last_balance_its_first_opening_and_all_its_movements(layer: Layer) -> None:
    metrics = ["mrr", "opening_mrr", "new_mrr", "churned_customers", "nrr", "ltv"]
    months = sorted(layer.query(metrics, ["metric_time__month"]), key=lambda row: row["metric_time__month"])
    quarters = layer.query(metrics, ["metric_time__quarter"])
    assert len(quarters) > 4
    for quarter in quarters:
        start = quarter["metric_time__quarter"]
        inside = [
            row
            for row in months
            if (row["metric_time__month"].year, (row["metric_time__month"].month - 1) // 3)
            == (start.year, (start.month - 1) // 3)
        ]
        for name in ("mrr", "nrr", "ltv"):
            assert quarter[name] == inside[-1][name], (start, name)
        assert quarter["opening_mrr"] == inside[0]["opening_mrr"]
        for name in ("new_mrr", "churned_customers"):
            assert quarter[name] == sum(row[name] for row in inside)


@pytest.mark.parametrize(
    ("metric", "group_by"),
    [
        ("cac", "account__segment"),
        ("nps_quarter", "metric_time__month"),
        ("mrr", "metric_time__day"),
        ("ltv", "plan"),
        ("health_recall", "account__segment"),
    ],
    ids=[
        "costs by segment",
        "a quarter by month",
        "a month by day",
        "a window without time",
        "a back-test by segment",
    ],
)
def test_a_question_without_an_answer_is_refused(layer: Layer, metric: str, group_by: str) -> None:
    from metricflow_semantics.errors.error_classes import InvalidQueryException

    with pytest.raises(InvalidQueryException):
        layer.query([metric], [group_by])


def test_mf_reads_the_release_and_cannot_write(
    small_company: Settings, semantics: dict[str, Any], tmp_path: Path
) -> None:
    """The documented commands, in a folder that has what `dbt parse` leaves in the clone."""
    shutil.copyfile(PROJECT_DIR / "dbt_project.yml", tmp_path / "dbt_project.yml")
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "semantic_manifest.json").write_text(json.dumps(semantics), encoding="utf-8")
    before = small_company.current.resolve().stat().st_mtime_ns

    def mf(*arguments: str) -> str:
        process = subprocess.run(
            [Path(sys.executable).with_name("mf"), *arguments],
            cwd=tmp_path,
            env=os.environ | {"CSW_HOME": str(small_company.home), "DBT_PROFILES_DIR": str(PROFILES)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    answer = str(tmp_path / "answer.csv")
    mf("query", "--metrics", "mrr,nrr", "--group-by", "metric_time__month", "--csv", answer)
    with duckdb.connect(small_company.current / "csw.duckdb", read_only=True) as marts:
        differing = marts.execute(
            "select count(*), count(case when round(answer.mrr, 4) = closing_mrr then 1 end)"
            " from read_csv(?) as answer join marts.mrr_monthly on month = cast(metric_time__month as date)"
            " where dimension = 'all'",
            [answer],
        ).fetchone()
    assert differing is not None
    assert differing[0] == differing[1] > 12
    assert "ERRORS: 0" in mf("validate-configs").upper()
    assert small_company.current.resolve().stat().st_mtime_ns == before
