"""The Superset bundle is complete, has the contracts' columns, and no metric of it counts twice."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.core.errors import CswError
from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR
from orchestration.dbt_runner.parsing import MANIFEST_FILE
from tests.shared import parsed_home
from tools.superset_bundle import (
    BUNDLE,
    CERTIFIED_BY,
    DATABASE,
    DATASETS,
    filled,
    mart_models,
    marts_read,
    write_zip,
)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = read_yaml(path)
    return content


CHARTS = {path.stem: read(path) for path in sorted(BUNDLE.glob("charts/*.yaml"))}
DASHBOARDS = {path.stem: read(path) for path in sorted(BUNDLE.glob("dashboards/*.yaml"))}
DATASET_FILES = sorted(DATASETS.glob("*.yaml"))
BY_UUID = {dataset["uuid"]: dataset for dataset in map(read, DATASET_FILES)}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    path = parsed_home().dbt / "target" / MANIFEST_FILE
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", DATASET_FILES, ids=lambda path: path.stem)
def test_a_dataset_has_the_columns_and_descriptions_of_its_mart(path: Path, manifest: dict[str, Any]) -> None:
    assert read(path) == filled(path, mart_models(manifest)), (
        f"{path.name} differs from dbt's contracts. Run: make superset-datasets"
    )


def test_an_unknown_mart_or_column_is_named(tmp_path: Path, manifest: dict[str, Any]) -> None:
    models = mart_models(manifest)
    path = tmp_path / "mine.yaml"
    path.write_text("table_name: nothing\n")
    with pytest.raises(CswError, match=r"mine\.yaml: reads no mart"):
        filled(path, models)
    path.write_text(
        "{table_name: mine, description: A, sql: select a from marts.dim_months, columns: [column_name: a]}"
    )
    with pytest.raises(CswError, match=r"mine\.yaml: dim_months has no column a\."):
        filled(path, models)


def test_names_and_ids_of_the_bundle_are_consistent() -> None:
    files = {path: read(path) for path in BUNDLE.rglob("*.yaml") if path.name != "metadata.yaml"}
    ids = [content["uuid"] for content in files.values()]
    assert len(set(ids)) == len(ids) > 40
    titles = [chart["slice_name"] for chart in CHARTS.values()]
    assert len(set(titles)) == len(titles)
    for name, chart in CHARTS.items():
        dataset = BY_UUID[chart["dataset_uuid"]]
        assert chart["viz_type"] == chart["params"]["viz_type"], name
        assert chart["description"].endswith("."), name
        columns = {column["column_name"] for column in dataset["columns"]}
        metrics = {metric["metric_name"] for metric in dataset["metrics"]}
        used = [chart["params"].get("metric"), *chart["params"].get("metrics", ())]
        assert {metric for metric in used if metric} <= metrics, name
        groups = chart["params"].get("groupby", [])
        named = [chart["params"].get("x_axis"), *(groups if isinstance(groups, list) else [])]
        assert {column for column in named if column} <= columns, name


def placed(dashboard: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The places of the charts of a dashboard."""
    items = (item for item in dashboard["position"].values() if isinstance(item, dict))
    yield from (item["meta"] for item in items if item["type"] == "CHART")


def test_every_chart_is_on_a_dashboard_and_every_row_fits() -> None:
    by_uuid = {chart["uuid"]: chart for chart in CHARTS.values()}
    assert {place["uuid"] for one in DASHBOARDS.values() for place in placed(one)} == set(by_uuid)
    for dashboard in DASHBOARDS.values():
        position = dashboard["position"]
        numbers = [place["chartId"] for place in placed(dashboard)]
        assert len(set(numbers)) == len(numbers)
        for place in placed(dashboard):
            assert place["sliceName"] == by_uuid[place["uuid"]]["slice_name"]
        for row in position["GRID_ID"]["children"]:
            assert sum(position[child]["meta"]["width"] for child in position[row]["children"]) == 12
        for native in dashboard["metadata"]["native_filter_configuration"]:
            assert set(native["scope"]["excluded"]) <= set(numbers)


def test_metrics_are_certified_and_described() -> None:
    for dataset in BY_UUID.values():
        assert dataset["metrics"], dataset["table_name"]
        for metric in dataset["metrics"]:
            assert metric["extra"]["certification"]["certified_by"] == CERTIFIED_BY
            assert metric["description"].endswith(".")


def test_the_database_is_read_only_and_has_the_limits_of_the_readers_page() -> None:
    database = read(DATABASE)
    arguments = database["extra"]["engine_params"]["connect_args"]
    page = (PROJECT_DIR / "docs" / "readers.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r'^        "(\w+)": (.+),$', page, flags=re.MULTILINE))
    assert arguments["read_only"] is True
    assert {name: repr(value).replace("'", '"') for name, value in arguments["config"].items()} == stated
    assert not any(database[name] for name in ("allow_dml", "allow_ctas", "allow_cvas"))
    assert database["cache_timeout"] == -1, "Superset would show an old release until its cache expires"


def test_the_zip_has_every_file_and_the_path_of_the_warehouse(tmp_path: Path) -> None:
    target = tmp_path / "csw.zip"
    write_zip(target, tmp_path / "home")
    with zipfile.ZipFile(target) as bundle:
        names = set(bundle.namelist())
        database = yaml.safe_load(bundle.read(f"superset/databases/{DATABASE.name}"))
    assert names == {f"superset/{path.relative_to(BUNDLE)}" for path in BUNDLE.rglob("*.yaml")}
    assert database == read(DATABASE) | {"sqlalchemy_uri": f"duckdb:///{tmp_path}/home/current/csw.duckdb"}


@pytest.mark.parametrize("slug", DASHBOARDS)
def test_the_exposure_of_a_dashboard_names_the_marts_that_it_reads(
    slug: str, manifest: dict[str, Any]
) -> None:
    dashboard = DASHBOARDS[slug]
    used = {
        chart["dataset_uuid"]
        for chart in CHARTS.values()
        if chart["uuid"] in {place["uuid"] for place in placed(dashboard)}
    }
    natives = dashboard["metadata"]["native_filter_configuration"]
    used |= {target["datasetUuid"] for native in natives for target in native["targets"] if target}
    marts = {mart for uuid in used for mart in marts_read(BY_UUID[uuid])}
    (exposure,) = [one for one in manifest["exposures"].values() if (one["url"] or "").endswith(f"/{slug}/")]
    assert {name.rpartition(".")[2] for name in exposure["depends_on"]["nodes"]} == marts
    assert exposure["type"] == "dashboard"
