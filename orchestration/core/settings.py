"""The location of a warehouse and the options of one run.

A warehouse is one folder, its home. A run writes only into its home, so several warehouses can exist
in parallel. A run never writes to a landing folder outside the home.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from orchestration.core.engines import DUCKDB, chosen_engine
from orchestration.core.errors import SettingsError
from orchestration.core.policies import parse_policies, project_policies, project_variables

PROJECT_DIR = Path(__file__).resolve().parents[2]
SIMULATION = Path("_truth", "simulation.json")
"""The record of a simulation, in its landing folder. It lists the files, and only these are ever replaced."""

RAW_TABLES_VARIABLE = "CSW_RAW_TABLES"
_AS_TABLES = "Give a table for each object, such as `{generic/accounts: crm.accounts}`."

_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}")

# DuckDB expands these characters in a path and then reads other files.
_GLOB = re.compile(r"[*?\[\]{}]")


@dataclass(frozen=True)
class Settings:
    """The settings of one run; `load_settings` fills them from options and the environment."""

    home: Path
    landing: Path
    as_of: datetime
    """UTC, whole seconds. Nothing after this instant enters a mart."""
    as_of_is_given: bool = False
    known_at: datetime | None = None
    """UTC. The run reads only batches that were loaded by this instant; None means all batches."""
    policies: Mapping[str, Any] = field(default_factory=dict)
    """Policy variables that differ from dbt_project.yml, by name."""
    asked_policies: tuple[str, ...] = ()
    """Names of policies from the command line, for this run only. CSW_POLICIES sets the others."""
    publish: bool = False
    """Publish a release that would otherwise be an experiment."""
    accept: Mapping[str, str] = field(default_factory=dict)
    """Gate findings that the user accepts in advance, with the reasons."""
    engine: str = DUCKDB
    """One of core.engines.ENGINES. All releases of a home are on the same engine."""
    raw_tables: Mapping[str, str] = field(default_factory=dict)
    """By `source/object`: the table of Spark's catalog with its rows. DuckDB reads files instead."""

    @property
    def raw(self) -> Path:
        return self.home / "raw"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def reports(self) -> Path:
        """Reports that `csw report` has built again, by release."""
        return self.home / "reports"

    @property
    def current(self) -> Path:
        """Symbolic link to the release that BI tools read."""
        return self.home / "current"

    @property
    def dbt(self) -> Path:
        """dbt's working files: the generated profile, the parsed manifest, the logs."""
        return self.home / "dbt"

    @property
    def spark(self) -> Path:
        """Tables and catalog of a Spark without a cluster."""
        return self.home / "spark"

    @property
    def dagster(self) -> Path:
        return self.home / "dagster"

    @property
    def alerts(self) -> Path:
        return self.home / "alerts"

    @property
    def development_database(self) -> Path:
        return self.home / "dev" / "warehouse.duckdb"

    @property
    def lock_file(self) -> Path:
        return self.home / ".lock"

    @property
    def policies_in_force(self) -> dict[str, Any]:
        """Return all policies by name, without the effects of a preset."""
        return {**project_policies(), **self.policies}

    @property
    def as_of_text(self) -> str:
        """Return `as_of` in dbt's format: UTC without a zone."""
        return self.as_of.strftime("%Y-%m-%d %H:%M:%S")


def load_settings(
    home: str | Path | None = None,
    landing: str | Path | None = None,
    as_of: str | None = None,
    policies: Iterable[str] | None = None,
    known_at: str | None = None,
    engine: str | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    now: datetime | None = None,
) -> Settings:
    """Resolve the settings. An option overrides its `CSW_*` variable, which overrides the default.

    The default of `as_of` is `now`, else the end of a simulated company's history, else the present.
    `policies` come from the command line and override CSW_POLICIES by name. With `known_at` and without
    `as_of`, `known_at` is also the `as_of`. Raises SettingsError for a path that DuckDB would expand, an
    invalid date, an unknown policy, an invalid policy value, or an engine that the home's releases do not
    have.
    """
    home_path = folder_path("--home", home or environment.get("CSW_HOME") or PROJECT_DIR / "data")
    landing_path = folder_path(
        "--landing", landing or environment.get("CSW_LANDING") or home_path / "landing"
    )
    lasting = parse_policies("CSW_POLICIES", environment.get("CSW_POLICIES", "").split())
    asked = parse_policies("--policy", policies or (), lasting)
    zone = str((project_policies() | lasting | asked)["reporting_timezone"])
    known = known_at or environment.get("CSW_KNOWN_AT") or None
    known_moment = parse_moment("--known-at", known, zone) if known else None
    given = as_of or environment.get("CSW_AS_OF") or None
    moment = parse_moment("--as-of", given, zone) if given else known_moment
    return Settings(
        home=home_path,
        landing=landing_path,
        as_of=(moment or now or simulated_until(landing_path) or datetime.now(UTC))
        .astimezone(UTC)
        .replace(microsecond=0),
        as_of_is_given=bool(given or known),
        known_at=known_moment,
        policies=lasting | asked,
        asked_policies=tuple(sorted(asked)),
        engine=chosen_engine(engine or environment.get("CSW_ENGINE") or None, home_path),
        raw_tables=read_raw_tables(environment),
    )


def require_duckdb(settings: Settings, command: str, instead: str) -> None:
    """Raise SettingsError if `command` needs files that a warehouse on Spark does not have."""
    if settings.engine != DUCKDB:
        raise SettingsError(
            f"{command} needs a warehouse on DuckDB, and {settings.home} is one on Spark. {instead}"
        )


def read_raw_tables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the tables of raw objects: CSW_RAW_TABLES, else `raw_tables` in dbt_project.yml.

    Raises SettingsError if the text is no mapping of names to names. Landing checks the names.
    """
    text, where = environment.get(RAW_TABLES_VARIABLE), RAW_TABLES_VARIABLE
    try:
        given = yaml.safe_load(text) if text else project_variables().get("raw_tables")
    except yaml.YAMLError as error:
        raise SettingsError(
            f"{where} is no YAML: {' '.join(str(error).split())[:200]}. {_AS_TABLES}"
        ) from None
    if not text:
        where = "raw_tables in dbt_project.yml"
    if not isinstance(given or {}, dict):
        raise SettingsError(f"{where} is {given!r}. {_AS_TABLES}")
    for name, table in (given or {}).items():
        if not isinstance(name, str) or not isinstance(table, str) or not table.strip():
            raise SettingsError(f"{where}: {name!r} has the table {table!r}. {_AS_TABLES}")
    return {name: table.strip() for name, table in (given or {}).items()}


def simulated_until(landing: Path) -> datetime | None:
    """Return the end of the history if `csw simulate` wrote the files of a landing folder.

    A simulated company says nothing after that, so later its customers would all look silent.
    """
    try:
        record = json.loads((landing / SIMULATION).read_text(encoding="utf-8"))
        return datetime.fromisoformat(record["arguments"]["until"]).replace(tzinfo=UTC)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def parse_moment(option: str, text: str, zone: str = "UTC") -> datetime:
    """Parse an ISO 8601 date (its first instant in `zone`) or a timestamp (UTC without an offset)."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise SettingsError(
            f"{option} {text!r} is not a date. Give an ISO date or time such as 2025-01-01 or "
            f"2025-01-01T12:00:00+00:00. CSW_{option[2:].replace('-', '_').upper()} accepts the same format."
        ) from None
    if moment.tzinfo is None:
        is_day = _DAY.fullmatch(text.strip()) is not None
        moment = moment.replace(tzinfo=ZoneInfo(zone) if is_day else UTC)
    return moment.astimezone(UTC)


def folder_path(option: str, value: str | Path) -> Path:
    """Return the absolute path of an option's folder. Raises SettingsError if DuckDB would expand it."""
    path = Path(value).expanduser().absolute()
    if _GLOB.search(str(path)):
        raise SettingsError(
            f"{option} {str(path)!r} contains one of the characters * ? [ ] {{ }}. DuckDB would expand it to "
            "other files. Choose a folder without these characters."
        )
    return path
