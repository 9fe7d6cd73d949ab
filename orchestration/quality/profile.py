"""The profile of a release: measured in its marts, or recorded by its run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from orchestration.core.database import quote_identifier, quote_literal
from orchestration.core.errors import UnreadableError
from orchestration.core.relations import Relations

T = TypeVar("T")


@dataclass(frozen=True)
class Month:
    """One month of `mrr_monthly`, slice `all`."""

    month: date
    is_complete: bool
    closing_mrr: Decimal
    customers: int


@dataclass(frozen=True)
class NotMeasured:
    """Replaces a part of a profile that could not be measured."""

    reason: str


@dataclass(frozen=True)
class ReleaseProfile:
    """The figures of one release that the gate compares."""

    release_id: str
    as_of: datetime
    as_of_is_given: bool
    known_at: str | None
    is_experiment: bool
    """It was made beside the current release, and does not replace it."""
    checks: Mapping[str, int]
    """Evaluated checks by mart."""
    deliveries: Mapping[str, datetime]
    """Latest delivery by landing object (UTC)."""
    rows: Mapping[str, int] | NotMeasured
    columns: Mapping[str, Mapping[str, str]] | NotMeasured
    """Types by column, by mart."""
    months: tuple[Month, ...] | NotMeasured
    policies: Mapping[str, str] | NotMeasured
    events: Mapping[str, datetime | None] | NotMeasured
    """Latest instant by `mart.column`."""
    matches: Mapping[tuple[str, str], tuple[int, int]] | NotMeasured = field(default_factory=dict)
    """Records found and matched to an account, by source and object."""


def profile_release(marts: Relations, record: Mapping[str, Any], events: Iterable[str]) -> ReleaseProfile:
    """Measure the marts of a release.

    `record` is the manifest of the release, or the record of its run so far.
    """
    checks: dict[str, int] = {}
    for result in record["audit"]["results"]:
        checks[result["mart"]] = checks.get(result["mart"], 0) + (result["outcome"] != "error")
    deliveries = {
        label: datetime.fromisoformat(moment) for label, moment in (record.get("deliveries") or {}).items()
    }
    return ReleaseProfile(
        release_id=record["release_id"],
        as_of=datetime.fromisoformat(record["as_of"]),
        as_of_is_given=record["as_of_is_given"],
        known_at=record.get("known_at"),
        is_experiment=bool(record.get("experiment")),
        checks=checks,
        deliveries=deliveries,
        rows=_measured(lambda: _rows(marts)),
        columns=_measured(lambda: _columns(marts)),
        months=_measured(lambda: months_of(marts)),
        policies=_measured(lambda: _policies(marts)),
        events=_measured(lambda: _events(marts, events)),
        matches=_measured(lambda: _matches(marts)),
    )


def months_of(marts: Relations) -> tuple[Month, ...]:
    """Return the months of a release, oldest first. The latest may be incomplete."""
    found = marts.rows(
        "select month, is_complete, closing_mrr, closing_customers"
        " from release.marts.mrr_monthly where dimension = 'all' order by month"
    )
    return tuple(Month(*row) for row in found)


def latest_month(marts: Relations) -> Month | None:
    """Return the latest month of a release; None if it has none."""
    months = _measured(lambda: months_of(marts))
    return months[-1] if months and not isinstance(months, NotMeasured) else None


def _measured(measure: Callable[[], T]) -> T | NotMeasured:
    try:
        return measure()
    except UnreadableError as error:
        return NotMeasured(str(error))


def _rows(marts: Relations) -> dict[str, int]:
    counts = " union all ".join(
        f"select {quote_literal(name)} as mart, count(*) as rows from release.marts.{quote_identifier(name)}"
        for name in marts.tables("marts")
    )
    return dict(sorted(marts.rows(counts))) if counts else {}


def _columns(marts: Relations) -> dict[str, dict[str, str]]:
    return {name: dict(marts.columns("marts", name)) for name in marts.tables("marts")}


def _policies(marts: Relations) -> dict[str, str]:
    return dict(marts.rows("select policy, value_in_force from release.marts._policies"))


def _events(marts: Relations, names: Iterable[str]) -> dict[str, datetime | None]:
    newest = {}
    for name in names:
        mart, _, column = name.partition(".")
        ((newest[name],),) = marts.rows(
            f"select max({quote_identifier(column)})::timestamp from release.marts.{quote_identifier(mart)}"
        )
    return newest


def _matches(marts: Relations) -> dict[tuple[str, str], tuple[int, int]]:
    if "_identity_coverage" not in marts.tables("marts"):
        return {}  # a release of an earlier version
    found = marts.rows(
        "select source_system, object_name, rows_found, matched from release.marts._identity_coverage"
    )
    return {(source, name): (rows, matched) for source, name, rows, matched in found}
