"""A Spark with a local catalog, as `csw run --engine spark` starts it, with settings for small data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.core.settings import Settings
from orchestration.spark.session import open_session, session_settings
from tests.spark.session import SMALL

# Tests kill processes, not machines, so the catalog need not wait for the disk.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=400m -Dderby.system.durability=test"


def open_local(settings: Settings) -> Any:
    """Start the session of this process with the local catalog of a home."""
    folder = settings.home / "spark-conf"
    chosen: Mapping[str, str] = session_settings(settings, {})
    options = "spark.driver.extraJavaOptions"
    chosen = {**chosen, **SMALL, "spark.driver.memory": "2g", options: f"{_JAVA} {chosen[options]}"}
    folder.mkdir(parents=True, exist_ok=True)
    settings.spark.mkdir(exist_ok=True)
    lines = [f"{name} {value}\n" for name, value in chosen.items()]
    (folder / "spark-defaults.conf").write_text("".join(lines), encoding="utf-8")
    os.environ["SPARK_CONF_DIR"] = str(folder)
    return open_session(settings)


def load_lake(spark: Any, landing: Path) -> dict[str, str]:
    """Make a table of texts of each object in a landing folder, as a loader would; return `raw_tables`."""
    spark.sql("create schema if not exists lake")
    tables = {}
    for folder in sorted(path.parent for path in landing.glob("generic/*/*.csv")):
        table = f"lake.{folder.name}"
        rows = spark.read.csv(str(folder), header=True, multiLine=True, quote='"', escape='"')
        rows.write.mode("overwrite").saveAsTable(table, format="parquet")
        tables[f"generic/{folder.name}"] = table
    return tables


def shown_schemas(spark: Any) -> set[str]:
    """The schemas that the views of `marts` read; one, unless a change of the views is under way."""
    found = set()
    views = [row for row in spark.sql("show views in marts").collect() if not row.isTemporary]
    for row in views:
        described = spark.sql(f"describe extended marts.`{row.viewName}`").collect()
        (text,) = [one.data_type for one in described if one.col_name == "View Text"]
        found.add(text.split(" from ")[1].split(".")[0])
    return found
