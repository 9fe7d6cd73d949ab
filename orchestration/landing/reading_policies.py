"""The policies and seeds that decide the meaning of delivered values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.core.database import quote_literal
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
    ignored_users: tuple[str, ...] = ()
    """Ids of users, or pseudonyms of addresses, whose events do not count."""
    as_of: datetime | None = None
    """UTC without a zone; None if the relations need no cut."""

    @classmethod
    def of(cls, settings: Settings) -> ReadingPolicies:
        """Return the policies of a run, or the project's policies."""
        policies = settings.policies_in_force
        return cls(
            str(policies["reporting_timezone"]),
            str(policies["period_end_convention"]),
            settings.as_of.date().replace(day=1).isoformat(),
            tuple(policies["account_attributes"]),
            int(policies["usage_session_gap_minutes"]),
            _seeded("active_events", "event_name", "lower(trim(counts)) in ('false', 'f', 'no', 'n', '0')"),
            _seeded("ignored_users", "user_id", "true"),
            settings.as_of.replace(tzinfo=None),
        )


def _seeded(seed: str, column: str, where: str) -> tuple[str, ...]:
    """Return the values of one column of a seed, in order."""
    path = quote_literal(PROJECT_DIR / "seeds" / f"{seed}.csv")
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select distinct {column} from read_csv({path}, header = true, all_varchar = true) "
            f"where {column} is not null and {where} order by 1"
        ).fetchall()
    return tuple(value for (value,) in rows)
