"""Spark in this process, with DuckDB's landed sources as tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.core.database import connect, quote_identifier, quote_literal
from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR
from orchestration.dbt_runner.pseudonyms import hand_over_key
from orchestration.spark import key as key_of_session
from orchestration.spark.session import mute_stack_traces

SMALL = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
"""For small data, planning and compilation dominate, so use one partition and no generated code."""

_SETTINGS = {
    "spark.master": "local[2]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.catalogImplementation": "in-memory",
    # DuckDB writes UTC times without a zone.
    "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}

FOR_FEW_ROWS = {
    "spark.driver.memory": "3g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=400m",
    **SMALL,
}

FOR_MANY_ROWS = {
    "spark.driver.memory": "6g",
    "spark.driver.extraJavaOptions": "-XX:ReservedCodeCacheSize=400m",
    "spark.sql.shuffle.partitions": "8",
}


def start_spark(folder: Path, sized: Mapping[str, str] = FOR_FEW_ROWS) -> Any:
    """A session with the settings of profiles.example.yml, and its files in `folder`."""
    from pyspark.sql import SparkSession

    profile = read_yaml(PROJECT_DIR / "profiles.example.yml")["csw"]["outputs"]["spark"]
    settings = {
        **_SETTINGS,
        **sized,
        **profile["server_side_parameters"],
        "spark.sql.warehouse.dir": str(tables(folder)),
        "spark.local.dir": str(folder / "scratch"),
    }
    builder = SparkSession.builder.appName("csw")
    for name, value in settings.items():
        builder = builder.config(name, value)
    mute_stack_traces()
    return builder.getOrCreate()


def tables(folder: Path) -> Path:
    """Where a session with its files in `folder` has `<schema>.db/<table>`, a folder of Parquet files."""
    return folder / "warehouse"


def show_layer(spark: Any, folder: Path, layer: str, target: Path) -> None:
    """Fill the folder `target` with the relations of a layer: links to its tables, and files of its views.

    The session has its files in `folder`.
    """
    target.mkdir(parents=True)
    for path in (tables(folder) / f"{layer}.db").iterdir():
        (target / path.name).symlink_to(path)
    for row in spark.sql(f"show views in {layer}").collect():
        if not row.isTemporary:
            spark.table(f"{layer}.{row.viewName}").write.parquet(str(target / row.viewName))


def load_sources(spark: Any, warehouse: Path, folder: Path, key: bytes) -> None:
    """Copy the relations of the dbt sources from DuckDB to tables of the same names; hand over the key."""
    key_of_session.hand_over_key(spark, key)
    for schema in ("raw", "previous"):
        spark.sql(f"create schema {schema}")
    with connect(warehouse, read_only=True) as connection:
        hand_over_key(connection, key)
        for schema, name in connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema in ('raw', 'previous')"
        ).fetchall():
            path = folder / schema / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            relation = f"{quote_identifier(schema)}.{quote_identifier(name)}"
            connection.execute(f"copy (from {relation}) to {quote_literal(path)}")
            spark.sql(f"create table {schema}.{name} using parquet options (path '{path}')")
