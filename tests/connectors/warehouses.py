"""Warehouses of the tests: what they land, what they build, and in what they differ."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestration.core.database import connect
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings, load_settings
from orchestration.dbt_runner.parsing import prepare_manifest
from orchestration.dbt_runner.runner import run_dbt
from orchestration.dbt_runner.version import dbt_version
from orchestration.landing import accepted_batches, land
from orchestration.pipeline.sources import create_sources
from tests.connectors.company import AS_OF
from tests.shared import made_once, spare_parsing

MODELS = ("build", "--exclude-resource-type", "unit_test", "test")
"""The data tests of dbt run elsewhere."""

NOT_COMPARED = {"source_batch_id", "movement_id", "source_keys"}

RATES = "currency,rate_on,rate\n" + "".join(
    f"{currency},{day},{rate}\n"
    for currency, rate in (("EUR", "1.1"), ("JPY", "0.0068"), ("KWD", "3.25"))
    for day in [f"{year}-{month:02}-01" for year in (2023, 2024, 2025, 2026) for month in range(1, 13)]
)


def landed(home: Path, files: Mapping[str, str]) -> Settings:
    """Land files in a new warehouse."""
    settings: Settings = load_settings(home=home, as_of=AS_OF, environment={})
    home.mkdir(parents=True, exist_ok=True)
    # Pseudonyms of different keys cannot be compared.
    (home / ".hash_key").write_text("a" * 64)
    for name, content in files.items():
        path = settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    report = land(settings)
    assert [(batch.label, batch.reason) for batch in report.new if batch.status == "refused"] == []
    assert report.ignored == ()
    return settings


def built(home: Path, files: Mapping[str, str], models: Sequence[str] = MODELS, *, systems: str = "") -> Path:
    """Land files and build models; returns the database.

    `systems` names those of which files are landed, so that other tests can share the parsed project.
    """
    has_rates = any(name.startswith("generic/fx_rates/") for name in files)
    settings = landed(home, files if has_rates else {**files, "generic/fx_rates/a.csv": RATES})
    if not systems:
        spare_parsing(settings)
    warehouse = settings.home / "warehouse.duckdb"
    with hold_lock(settings.lock_file, "test") as lock:
        if systems:

            def parse(folder: Path) -> Path:
                prepare_manifest(settings, dbt_version(), lock)
                shutil.copytree(settings.dbt, folder / "dbt")
                return folder / "dbt"

            shutil.copytree(made_once(f"parsed-{systems}", parse), settings.dbt, dirs_exist_ok=True)
        prepare_manifest(settings, dbt_version(), lock)
        with connect(warehouse) as connection:
            create_sources(connection, settings, accepted_batches(settings), None)
        run_dbt(settings, models, warehouse)
    return warehouse


def differences(one: Path, other: Path) -> dict[str, list[str]]:
    """Return, by mart, the rows that only one of two databases has."""
    with connect() as connection:
        connection.execute(f"attach '{one}' as a (read_only)")
        connection.execute(f"attach '{other}' as b (read_only)")
        found: dict[str, list[str]] = {}
        marts = connection.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns()"
            " where database_name = 'a' and schema_name = 'marts'"
            " and table_name not like '\\_%' escape '\\' group by all order by all"
        ).fetchall()
        for mart, names in marts:
            columns = ", ".join(name for name in names if name not in NOT_COMPARED)
            queries = [f"select {columns} from {database}.marts.{mart}" for database in ("a", "b")]
            for sign, (first, second) in (("-", queries), ("+", queries[::-1])):
                rows = connection.execute(f"({first}) except all ({second}) order by all").fetchall()
                found.setdefault(mart, []).extend(f"{sign} {row}" for row in rows)
    return {mart: rows for mart, rows in found.items() if rows}


def shown(found: Mapping[str, list[str]]) -> str:
    return "\n".join(
        f"{mart}:\n  " + "\n  ".join(sorted(rows, key=lambda row: row[2:])[:8])
        for mart, rows in found.items()
    )
