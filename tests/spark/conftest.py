"""Two companies on both engines, in one Spark session for all tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.settings import Settings
from orchestration.dbt_runner.connectors import all_connectors
from orchestration.dbt_runner.pseudonyms import load_hash_key
from orchestration.spark.translations import KEY_RELATION
from tests.spark.company import (
    BEFORE,
    BEFORE_POLICIES,
    POLICIES,
    PREVIOUS_RELEASE,
    UNTIL,
    corrections,
    create_company_sources,
    export_layer,
    follow_release,
    land_company,
)
from tests.spark.comparison import compare_tables, empty_tables
from tests.spark.marts import SameMarts
from tests.spark.project import Project
from tests.spark.session import load_sources, start_spark, tables
from tests.spark.systems import deliver_systems

_UNCHANGED = ["path:seeds", "path:models/staging", "path:models/unified"]
"""Policies that no preset changes."""

_MODELS_AND_TESTS = ["build", "--exclude-resource-type", "unit_test"]


@dataclass
class Engines:
    """A company on both engines."""

    settings: Settings
    project: Project
    spark: Any
    key: bytes
    folder: Path
    preset: str = ""
    """The preset of the last build, or nothing."""

    def dbt(
        self, target: str, command: Sequence[str], policies: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Run dbt with the end of the company as `as_of`, like `Project.dbt`."""
        return self.project.dbt(target, command, UNTIL.isoformat(), policies or {})

    def build(self, preset: str) -> None:
        """Build models under a preset on both engines, unless the last build did. Later builds are partial.

        DuckDB evaluates the data tests under every preset. Spark does in the first build: their SQL is the
        same in the others, and so are the rows.
        """
        if preset == self.preset:
            return
        policies = POLICIES if preset == "none" else {**POLICIES, "preset": preset}
        command = {"duckdb": _MODELS_AND_TESTS, "spark": ["run"] if self.preset else _MODELS_AND_TESTS}
        for target in command:
            rest = ["--exclude", *_UNCHANGED] if self.preset else []
            self.dbt(target, [*command[target], *rest], policies)
        self.preset = preset

    def differences(self, layer: str) -> list[str]:
        """What differs between the relations of a layer on DuckDB and on Spark."""
        return compare_tables(self.exported(layer), self._on_spark(layer))

    def _on_spark(self, layer: str) -> Path:
        """The folder with the relations of a layer on Spark: links to the tables, and files of the views."""
        folder = self.project.folder / "shown" / self.preset / layer
        found = self.spark.sql(f"show views in {layer}").collect()
        views = {row.viewName for row in found if not row.isTemporary}
        if not folder.exists():
            folder.mkdir(parents=True)
            for path in (tables(self.folder) / f"{layer}.db").iterdir():
                (folder / path.name).symlink_to(path)
            for view in views:
                self.spark.table(f"{layer}.{view}").write.parquet(str(folder / view))
        return folder

    def empty(self, layer: str) -> set[str]:
        """The relations of a layer without rows on DuckDB."""
        return empty_tables(self.exported(layer))

    def exported(self, layer: str) -> Path:
        """The folder with the relations of a layer on DuckDB as Parquet files."""
        folder = self.project.folder / "exported" / self.preset / layer
        if not folder.exists():
            export_layer(self.project.warehouse, layer, folder)
        return folder


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """A company of plain exports with a previous release, and its sources in both engines."""
    folder = tmp_path_factory.mktemp("spark")
    settings = land_company(folder / "home")
    key = load_hash_key(settings.home)
    seeds = corrections(settings.home / "warehouse.duckdb")
    project = Project.copy(folder / "plain", settings.home, seeds, hash_key_relation=KEY_RELATION)
    project.dbt("duckdb", ["seed"], BEFORE, {})
    project.dbt("duckdb", ["run"], BEFORE, BEFORE_POLICIES)
    follow_release(settings)
    spark = start_spark(folder, key)
    load_sources(spark, project.warehouse, folder / "sources", key)
    yield Engines(settings, project, spark, key, folder)
    spark.stop()


@pytest.fixture(scope="session")
def systems(engines: Engines) -> Engines:
    """The company of `engines`, after files of every system with a connector have arrived.

    Tests of `engines` alone come before those that use this fixture.
    """
    settings, folder = engines.settings, engines.folder
    deliver_systems(settings, folder / "simulated")
    create_company_sources(settings, PREVIOUS_RELEASE)
    project = Project.copy(
        *(folder / "systems", settings.home, corrections(settings.home / "warehouse.duckdb")),
        hash_key_relation=KEY_RELATION,
        connectors=all_connectors(),
    )
    load_sources(engines.spark, project.warehouse, folder / "sources-of-systems", engines.key)
    return Engines(settings, project, engines.spark, engines.key, folder)


@pytest.fixture(scope="session")
def same_marts(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> SameMarts:
    """The marts of plain exports on DuckDB, copied to both engines."""
    engines.build("none")
    marts = engines.exported("marts")
    return SameMarts.copy(engines.spark, marts, tmp_path_factory.mktemp("audit") / "marts")
