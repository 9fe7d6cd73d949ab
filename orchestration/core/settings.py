"""Where a warehouse lives and what one run is asked to do.

A warehouse is one folder, its home. Everything that a run writes is below it, so several warehouses
live side by side; a landing folder given from outside is only read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from orchestration.core.errors import SettingsError
from orchestration.core.policies import parse_policies, project_policies

PROJECT_DIR = Path(__file__).resolve().parents[2]

# DuckDB expands these in a path, and then reads another file than the one that was named.
_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}")

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
    """UTC. Only batches that were loaded by this instant are read; None: all of them."""
    policies: Mapping[str, Any] = field(default_factory=dict)
    """Policy variables that differ from dbt_project.yml, by name."""
    asked_policies: tuple[str, ...] = ()
    """Those of them that the command line sets, for this run alone; CSW_POLICIES sets the others for good."""
    publish: bool = False
    """Publish what would else be an experiment beside the current release."""
    accept: Mapping[str, str] = field(default_factory=dict)
    """Findings of the gate that a person accepts beforehand, with the reasons."""

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
    def current(self) -> Path:
        """Symbolic link to the release that BI tools read."""
        return self.home / "current"

    @property
    def dbt(self) -> Path:
        """dbt's working files: the generated profile, the parsed manifest, the logs."""
        return self.home / "dbt"

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
    def as_of_text(self) -> str:
        """`as_of` as dbt gets it: UTC without a zone."""
        return self.as_of.strftime("%Y-%m-%d %H:%M:%S")


def load_settings(
    home: str | Path | None = None,
    landing: str | Path | None = None,
    as_of: str | None = None,
    policies: Iterable[str] | None = None,
    known_at: str | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    now: datetime | None = None,
) -> Settings:
    """Resolve the settings: an option wins over its `CSW_*` variable, which wins over the default.

    `policies` are those of the command line; each wins over CSW_POLICIES by its name. With `known_at` and
    without `as_of`, nothing after `known_at` counts. Raises SettingsError for a path that DuckDB would
    expand, an unreadable date, or a policy that is unknown or cannot have that value.
    """
    home_path = folder_path("--home", home or environment.get("CSW_HOME") or PROJECT_DIR / "data")
    landing_path = folder_path(
        "--landing", landing or environment.get("CSW_LANDING") or home_path / "landing"
    )
    lasting = parse_policies("CSW_POLICIES", environment.get("CSW_POLICIES", "").split())
    asked = parse_policies("--policy", policies or ())
    zone = str((project_policies() | lasting | asked)["reporting_timezone"])
    known = known_at or environment.get("CSW_KNOWN_AT") or None
    known_moment = parse_moment("--known-at", known, zone) if known else None
    given = as_of or environment.get("CSW_AS_OF") or None
    moment = parse_moment("--as-of", given, zone) if given else (known_moment or now or datetime.now(UTC))
    return Settings(
        home=home_path,
        landing=landing_path,
        as_of=moment.astimezone(UTC).replace(microsecond=0),
        as_of_is_given=bool(given or known),
        known_at=known_moment,
        policies=lasting | asked,
        asked_policies=tuple(sorted(asked)),
    )


def parse_moment(option: str, text: str, zone: str = "UTC") -> datetime:
    """Read an ISO 8601 date (its first instant in `zone`) or a timestamp (UTC where it names no offset)."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise SettingsError(
            f"{option} {text!r} is not a date. Give an ISO date or time such as 2025-01-01 or "
            f"2025-01-01T12:00:00+00:00 (CSW_{option[2:].replace('-', '_').upper()} takes the same)."
        ) from None
    if moment.tzinfo is None:
        is_day = _DAY.fullmatch(text.strip()) is not None
        moment = moment.replace(tzinfo=ZoneInfo(zone) if is_day else UTC)
    return moment.astimezone(UTC)


def folder_path(option: str, value: str | Path) -> Path:
    """The absolute path of the folder that an option names; SettingsError where DuckDB would expand it."""
    path = Path(value).expanduser().absolute()
    if _GLOB.search(str(path)):
        raise SettingsError(
            f"{option} {str(path)!r} holds one of the characters * ? [ ] {{ }}, which the database would "
            "expand to other files. Choose a folder without them."
        )
    return path
