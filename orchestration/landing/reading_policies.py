"""The policies and seeds that decide the meaning of delivered values."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.landing.ends import DETECT


@dataclass(frozen=True)
class ReadingPolicies:
    """The policies that decide the meaning of delivered values."""

    timezone: str = "UTC"
    period_end_convention: str = DETECT
    first_day: str = "1970-01-01"
    """ISO date that replaces placeholders if no delivered row has a date."""
    account_attributes: tuple[str, ...] = ()
    session_gap_minutes: int = 30
    uncounted_events: tuple[str, ...] = ()
    """Names of the events that show no activity."""
    listed_events: tuple[str, ...] = ()
    """Names of the events that the seed lists and that show activity."""
    ignored_users: tuple[str, ...] = ()
    """Ids of users, or pseudonyms of addresses, whose events do not count."""
    as_of: datetime | None = None
    """UTC without a zone; None if the relations need no cut."""

    @classmethod
    def of(cls, settings: Settings) -> ReadingPolicies:
        """Return the policies of a run, or the project's policies."""
        policies, events = settings.policies_in_force, _seed("active_events")
        return cls(
            str(policies["reporting_timezone"]),
            str(policies["period_end_convention"]),
            settings.as_of.date().replace(day=1).isoformat(),
            tuple(policies["account_attributes"]),
            int(policies["usage_session_gap_minutes"]),
            tuple(sorted({row["event_name"] for row in events if _is_false(row["counts"])})),
            tuple(sorted({row["event_name"] for row in events if not _is_false(row["counts"])})),
            tuple(sorted({row["user_id"] for row in _seed("ignored_users")})),
            settings.as_of.replace(tzinfo=None),
        )


def _seed(name: str) -> list[dict[str, str]]:
    """Return the rows of a seed. An empty cell is an empty text."""
    with (PROJECT_DIR / "seeds" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, restval=""))


def _is_false(text: str) -> bool:
    return text.strip().lower() in ("false", "f", "0")
