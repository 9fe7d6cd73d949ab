"""The Superset bundle in `bi/superset`: fill its datasets from dbt's contracts, and zip it for an import."""

from __future__ import annotations

import argparse
import json
import re
import sys
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from orchestration.core.errors import CswError
from orchestration.core.settings import PROJECT_DIR, load_settings
from orchestration.dbt_runner.parsing import prepare_manifest
from orchestration.dbt_runner.version import dbt_version

BUNDLE = PROJECT_DIR / "bi" / "superset"
DATASETS = BUNDLE / "datasets" / "customer_success_warehouse"
DATABASE = BUNDLE / "databases" / "customer_success_warehouse.yaml"
CERTIFIED_BY = "Customer-success warehouse"

_NAMESPACE = uuid.UUID("5f2d3c1e-8a57-4c39-9d0e-2b1f6f0c7a11")
_TYPES = {"string": "VARCHAR"}
"""Types that dbt names differently from DuckDB."""
_ABBREVIATIONS = re.compile(r"\b(?:arr|ci|fx|grr|mrr|nps|nrr)\b", re.IGNORECASE)


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; return the exit code."""
    parser = argparse.ArgumentParser(prog="tools.superset_bundle", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "datasets", help="write columns and descriptions of every dataset from dbt's contracts"
    )
    zipped = commands.add_parser("zip", help="write a file for Superset's import")
    zipped.add_argument("target", type=Path)
    zipped.add_argument("--home", type=Path, help="warehouse that Superset reads; default: as in the bundle")
    given = parser.parse_args(arguments)
    try:
        if given.command == "zip":
            write_zip(given.target, given.home)
        else:
            fill_datasets(dbt_models())
    except CswError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def dbt_models() -> Mapping[str, Any]:
    """Parse the project; return dbt's description of every mart by its name."""
    with TemporaryDirectory() as folder:
        path = prepare_manifest(load_settings(Path(folder)), dbt_version())
        return mart_models(json.loads(path.read_text(encoding="utf-8")))


def mart_models(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return dbt's description of every mart in a manifest by its name."""
    nodes = manifest["nodes"].values()
    return {
        node["name"]: node for node in nodes if node["resource_type"] == "model" and node["schema"] == "marts"
    }


def fill_datasets(models: Mapping[str, Any]) -> None:
    """Write every dataset file again, with what the contracts say."""
    for path in sorted(DATASETS.glob("*.yaml")):
        path.write_text(to_yaml(filled(path, models)), encoding="utf-8")


def filled(path: Path, models: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dataset with the columns, types and descriptions of its mart.

    The file says `table_name`, `main_dttm_col` and `metrics`. A dataset with `sql` also says its description
    and the names of its columns. Raises CswError if no mart that it reads has such a column.
    """
    dataset = yaml.safe_load(path.read_text(encoding="utf-8"))
    sources = [models[name] for name in marts_read(dataset) if name in models]
    if not sources:
        raise CswError(f"{path.name}: reads no mart. Name one: table_name: mrr_monthly")
    known = {name: column for source in reversed(sources) for name, column in source["columns"].items()}
    names = [column["column_name"] for column in dataset["columns"]] if "sql" in dataset else list(known)
    metrics = dataset.get("metrics", [])
    for name in names:
        if name not in known:
            raise CswError(f"{path.name}: {', '.join(marts_read(dataset))} has no column {name}.")
    return {
        "table_name": dataset["table_name"],
        "description": dataset["description"] if "sql" in dataset else sources[0]["description"],
        "main_dttm_col": dataset.get("main_dttm_col"),
        "schema": "marts",
        **({"sql": dataset["sql"]} if "sql" in dataset else {}),
        "metrics": [_metric(metric, known) for metric in metrics],
        "columns": [_column(name, known[name]) for name in names],
        "uuid": str(uuid.uuid5(_NAMESPACE, f"dataset {path.stem}")),
        "database_uuid": yaml.safe_load(DATABASE.read_text(encoding="utf-8"))["uuid"],
        "version": "1.0.0",
    }


def marts_read(dataset: Mapping[str, Any]) -> list[str]:
    """Return the names of the marts that a dataset reads, in the order of its SQL."""
    return re.findall(r"\bmarts\.(\w+)", dataset["sql"]) if "sql" in dataset else [dataset["table_name"]]


def _metric(metric: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    """A metric that is named like a column has its description."""
    name = metric["metric_name"]
    description = columns[name]["description"] if name in columns else metric["description"]
    certification = {"certified_by": CERTIFIED_BY, "details": "Defined in docs/metrics.md of the warehouse."}
    return {**metric, "description": description, "extra": {"certification": certification}}


def _column(name: str, column: Mapping[str, Any]) -> dict[str, Any]:
    data_type = _TYPES.get(column["data_type"], column["data_type"].upper())
    return {
        "column_name": name,
        "verbose_name": _ABBREVIATIONS.sub(
            lambda found: found[0].upper(), name.replace("_", " ").capitalize()
        ),
        "type": data_type,
        "is_dttm": data_type in ("DATE", "TIMESTAMP"),
        "groupby": True,
        "filterable": True,
        "description": column["description"],
    }


def write_zip(target: Path, home: Path | None) -> None:
    """Zip the bundle into `target`. With `home`, its database is the current release of that warehouse."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in _files():
            text = path.read_text(encoding="utf-8")
            if home and path == DATABASE:
                database = yaml.safe_load(text)
                database["sqlalchemy_uri"] = f"duckdb:///{home.resolve() / 'current' / 'csw.duckdb'}"
                text = to_yaml(database)
            bundle.writestr(f"superset/{path.relative_to(BUNDLE).as_posix()}", text)


def _files() -> Iterator[Path]:
    yield from sorted(BUNDLE.rglob("*.yaml"))


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as such, so that SQL stays readable."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def to_yaml(content: Mapping[str, Any]) -> str:
    """Return YAML with the keys in their order."""
    return yaml.dump(dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    sys.exit(main())
