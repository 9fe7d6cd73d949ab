"""A company on both engines, in one Spark session for all tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.settings import Settings
from orchestration.dbt_runner.connectors import all_connectors
from orchestration.dbt_runner.pseudonyms import load_hash_key
from orchestration.dbt_runner.runner import GRAIN_TESTS
from orchestration.spark.key import hand_over_key
from orchestration.spark.translations import KEY_RELATION
from tests.spark.company import (
    BEFORE,
    BEFORE_POLICIES,
    POLICIES,
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
from tests.spark.session import load_sources, show_layer, start_spark
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

    def build(self, preset: str | None = None) -> None:
        """Build models under a preset on both engines, unless the last build did. Later builds are partial.

        Without a preset, any build will do. DuckDB evaluates the data tests under every preset. Spark does in
        the first build: their SQL is the same in the others, and so are the rows. Tests of the grain find
        nothing that a comparison of the relations does not.
        """
        preset = preset or self.preset or "none"
        hand_over_key(self.spark, self.key)
        if preset == self.preset:
            return
        policies = POLICIES if preset == "none" else {**POLICIES, "preset": preset}
        command = {"duckdb": _MODELS_AND_TESTS, "spark": ["run"] if self.preset else _MODELS_AND_TESTS}
        for target in command:
            rest = _UNCHANGED if self.preset else []
            self.dbt(target, [*command[target], "--exclude", GRAIN_TESTS, *rest], policies)
        self.preset = preset

    def differences(self, layer: str) -> list[str]:
        """What differs between the relations of a layer on DuckDB and on Spark."""
        return compare_tables(self.exported(layer), self._on_spark(layer))

    def _on_spark(self, layer: str) -> Path:
        """The folder with the relations of a layer on Spark: links to the tables, and files of the views."""
        folder = self.project.folder / "shown" / self.preset / layer
        if not folder.exists():
            show_layer(self.spark, self.folder, layer, folder)
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
def spark_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the session's tables."""
    return tmp_path_factory.mktemp("spark")


@pytest.fixture(scope="session")
def spark(spark_folder: Path) -> Iterator[Any]:
    """The session of all tests of this process. Whoever needs the key of a home hands it over."""
    session = start_spark(spark_folder)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def engines(spark_folder: Path, spark: Any) -> Engines:
    """A company with a previous release, plain exports and files of every connector, in both engines."""
    settings = land_company(spark_folder / "home")
    seeds = corrections(settings.home / "warehouse.duckdb")
    deliver_systems(settings, spark_folder / "simulated")
    create_company_sources(settings, None)
    project = Project.copy(
        *(spark_folder / "project", settings.home, seeds),
        hash_key_relation=KEY_RELATION,
        connectors=all_connectors(),
    )
    project.dbt("duckdb", ["seed"], BEFORE, {})
    project.dbt("duckdb", ["run"], BEFORE, BEFORE_POLICIES)
    follow_release(settings)
    key = load_hash_key(settings.home)
    load_sources(spark, project.warehouse, spark_folder / "sources", key)
    return Engines(settings, project, spark, key, spark_folder)


@pytest.fixture(scope="session")
def same_marts(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> SameMarts:
    """The marts of DuckDB, copied to both engines."""
    engines.build("none")
    marts = engines.exported("marts")
    return SameMarts.copy(engines.spark, marts, tmp_path_factory.mktemp("audit") / "marts")
