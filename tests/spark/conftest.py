"""One company on both engines, in one Spark session for all tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from orchestration.core.settings import Settings
from orchestration.dbt_runner.pseudonyms import load_hash_key
from tests.spark.company import (
    BEFORE,
    BEFORE_POLICIES,
    POLICIES,
    UNTIL,
    corrections,
    export_marts,
    follow_release,
    land_company,
)
from tests.spark.marts import SameMarts
from tests.spark.project import Project
from tests.spark.session import KEY_VIEW, load_sources, start_spark, write_marts

_UNCHANGED = ["path:seeds", "path:models/staging", "path:models/unified"]
"""Policies that no preset changes."""


@dataclass
class Engines:
    """The same company on both engines."""

    settings: Settings
    project: Project
    spark: Any
    key: bytes
    folder: Path
    is_built: bool = False
    latest: str | None = None
    """The preset of the marts that both engines have."""

    def dbt(
        self, target: str, command: Sequence[str], policies: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Run dbt with the end of the company as `as_of`, like `Project.dbt`."""
        return self.project.dbt(target, command, UNTIL.isoformat(), policies or {})

    def build(self, preset: str) -> tuple[Path, Path]:
        """Build under a preset; returns the folders of the marts of DuckDB and of Spark."""
        policies = POLICIES if preset == "none" else {**POLICIES, "preset": preset}
        folders = self.folder / preset / "duckdb", self.folder / preset / "spark"
        if preset == self.latest:
            return folders
        rmtree(self.folder / preset, ignore_errors=True)
        self.dbt("duckdb", ["run"], policies)
        export_marts(self.project.warehouse, folders[0])
        command = ["build", "--exclude-resource-type", "unit_test"]
        if self.is_built:
            command += ["--exclude", *_UNCHANGED]
        self.dbt("spark", command, policies)
        self.is_built, self.latest = True, preset
        write_marts(self.spark, folders[1])
        return folders


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """The company with a previous release, and its sources in both engines."""
    folder = tmp_path_factory.mktemp("spark")
    settings = land_company(folder / "home")
    key = load_hash_key(settings.home)
    seeds = corrections(settings.home / "warehouse.duckdb")
    project = Project.copy(folder / "project", settings.home, seeds, hash_key_relation=KEY_VIEW)
    project.dbt("duckdb", ["seed"], BEFORE, {})
    project.dbt("duckdb", ["run"], BEFORE, BEFORE_POLICIES)
    follow_release(settings)
    spark = start_spark(folder, key)
    load_sources(spark, project.warehouse, folder / "sources", key)
    yield Engines(settings, project, spark, key, folder / "marts")
    spark.stop()


@pytest.fixture(scope="session")
def same_marts(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> SameMarts:
    """The marts of DuckDB on both engines."""
    duckdb, _ = engines.build("none")
    return SameMarts.copy(engines.spark, duckdb, tmp_path_factory.mktemp("audit") / "marts")
