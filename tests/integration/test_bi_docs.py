"""docs/bi is true: the recipe for pandas, the names of a mart, and the metrics of the Superset bundle."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR, Settings
from tests.shared import declared_contracts
from tools.superset_bundle import DATASETS

PAGES = PROJECT_DIR / "docs" / "bi"
METRICS = [
    (dataset["table_name"], metric["metric_name"], metric["expression"])
    for dataset in (read_yaml(path) for path in sorted(DATASETS.glob("*.yaml")))
    if "sql" not in dataset
    for metric in dataset["metrics"]
]


def test_pandas_gets_numbers_and_days(small_company: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    block = re.findall(
        r"```python\n(.*?)```", (PAGES / "notebooks.md").read_text(encoding="utf-8"), flags=re.DOTALL
    )[0]
    monkeypatch.chdir(small_company.home)
    found: dict[str, Any] = {}
    exec(block.replace("data/current", "current"), found)
    types = {name: str(kind) for name, kind in found["mrr"].dtypes.items()}
    assert types["month"].startswith("datetime64")
    assert types["opening_mrr"] == types["closing_mrr"] == "float64"
    assert len(found["growth"]) == len(found["mrr"]) > 10


@pytest.mark.parametrize(
    ("opened", "right", "wrong"),
    [
        (
            "csw.duckdb",
            ["marts.mrr_monthly", "csw.marts.mrr_monthly"],
            ["mrr_monthly", "marts.marts.mrr_monthly"],
        ),
        ("marts.duckdb", ["marts.marts.mrr_monthly"], ["mrr_monthly", "marts.mrr_monthly"]),
        (
            "",
            ["warehouse.marts.mrr_monthly"],
            ["mrr_monthly", "marts.mrr_monthly", "marts.marts.mrr_monthly"],
        ),
    ],
)
def test_a_mart_has_the_names_of_the_table(
    small_company: Settings, opened: str, right: list[str], wrong: list[str]
) -> None:
    with _connection(small_company.current, opened) as connection:
        for name in right:
            assert connection.execute(f"select count(*) from {name}").fetchone()
        for name in wrong:
            with pytest.raises(duckdb.Error):
                connection.execute(f"select count(*) from {name}")
        connection.execute(f"use {right[0].rpartition('.')[0]}")
        assert connection.execute("select count(*) from mrr_monthly").fetchone()


def _connection(current: Path, opened: str) -> duckdb.DuckDBPyConnection:
    if opened:
        return duckdb.connect(str(current / opened), read_only=True)
    connection = duckdb.connect()
    connection.execute(f"attach '{current}/csw.duckdb' as warehouse (read_only)")
    return connection


@pytest.mark.parametrize(("mart", "metric", "expression"), METRICS, ids=lambda value: str(value)[:30])
def test_a_metric_is_the_figure_of_a_row_and_never_counts_twice(
    small_company: Settings, mart: str, metric: str, expression: str
) -> None:
    contract = declared_contracts()[mart]
    keys = [test.columns for test in contract.tests if test.kind == "unique_key"]
    with duckdb.connect(str(small_company.current / "csw.duckdb"), read_only=True) as connection:
        if keys and metric in contract.columns:
            different = f"""
                select count(*) from (
                    select {", ".join(keys[0])}, {expression} as shown, any_value({metric}) as figure
                    from marts.{mart} group by all
                ) where shown is distinct from figure
            """
            assert connection.execute(different).fetchone() == (0,)
        if "dimension" in contract.columns:
            assert connection.execute(f"select {expression} from marts.{mart}").fetchone() == (None,)
