"""Compare two releases: schema, row counts, MRR and customers by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration.core.errors import PublishError, UnreadableError
from orchestration.core.settings import Settings
from orchestration.quality.profile import Month, months_of
from orchestration.releases.history import release_folder
from orchestration.releases.manifest import read_manifest
from orchestration.releases.store import store_of


@dataclass(frozen=True)
class SchemaChange:
    """A mart or column that differs between the releases."""

    mart: str
    column: str | None
    """None if the whole mart was added or removed."""
    kind: str
    """added, removed or retyped."""
    before: str | None
    after: str | None


@dataclass(frozen=True)
class RowChange:
    """Row counts of a mart in both releases."""

    mart: str
    before: int
    after: int


@dataclass(frozen=True)
class MonthChange:
    """One month of `mrr_monthly`, slice `all`. Figures are None if a release lacks the month."""

    month: date
    closing_mrr_before: Decimal | None
    closing_mrr_after: Decimal | None
    customers_before: int | None
    customers_after: int | None
    is_restated: bool
    """Whether the month was complete in the first release and has a different figure in the second."""


@dataclass(frozen=True)
class Difference:
    """The differences of release `after` from release `before`. Equal months are omitted."""

    before: str
    after: str
    schema: tuple[SchemaChange, ...]
    rows: tuple[RowChange, ...]
    months: tuple[MonthChange, ...]

    @property
    def restated(self) -> tuple[MonthChange, ...]:
        return tuple(month for month in self.months if month.is_restated)


Columns = dict[str, dict[str, str]]
"""Types by column, by mart."""


def compare_releases(settings: Settings, before: str, after: str) -> Difference:
    """Compare two releases. Raises PublishError if one is missing, damaged or locked."""
    folders = [release_folder(settings, name) for name in (before, after)]
    manifests = [read_manifest(folder) for folder in folders]
    tables = [manifest["tables"] for manifest in manifests]
    return Difference(
        before=folders[0].name,
        after=folders[1].name,
        schema=schema_changes(*(columns_of(each) for each in tables)),
        rows=tuple(
            RowChange(mart, tables[0][mart]["rows"], tables[1][mart]["rows"])
            for mart in sorted(set(tables[0]) & set(tables[1]))
            if tables[0][mart]["rows"] != tables[1][mart]["rows"]
        ),
        months=month_changes(*(_months(settings, folder) for folder in folders)),
    )


def columns_of(tables: dict[str, Any]) -> Columns:
    """Return the columns from `tables` of a manifest."""
    return {
        mart: {column["name"]: column["type"] for column in table["columns"]}
        for mart, table in tables.items()
    }


def schema_changes(before: Columns, after: Columns) -> tuple[SchemaChange, ...]:
    """Return added, removed and retyped marts and columns, ordered by mart and column."""
    changes = []
    for mart in sorted(set(before) | set(after)):
        if mart not in after or mart not in before:
            kind = "removed" if mart in before else "added"
            changes.append(SchemaChange(mart, None, kind, None, None))
            continue
        for column in sorted(set(before[mart]) | set(after[mart])):
            old, new = before[mart].get(column), after[mart].get(column)
            if old != new:
                kind = "added" if old is None else "removed" if new is None else "retyped"
                changes.append(SchemaChange(mart, column, kind, old, new))
    return tuple(changes)


def month_changes(before: Sequence[Month], after: Sequence[Month]) -> tuple[MonthChange, ...]:
    """Return the months with different closing MRR or customers in two releases."""
    old = {month.month: month for month in before}
    new = {month.month: month for month in after}
    changes = []
    for month in sorted({*old, *new}):
        mrr_before, customers_before = _figures(old.get(month))
        mrr_after, customers_after = _figures(new.get(month))
        if (mrr_before, customers_before) != (mrr_after, customers_after):
            is_restated = month in old and old[month].is_complete
            changes.append(
                MonthChange(month, mrr_before, mrr_after, customers_before, customers_after, is_restated)
            )
    return tuple(changes)


def _figures(month: Month | None) -> tuple[Decimal | None, int | None]:
    return (month.closing_mrr, month.customers) if month else (None, None)


def _months(settings: Settings, folder: Path) -> tuple[Month, ...]:
    try:
        with store_of(settings).open_marts(settings, folder) as marts:
            return months_of(marts)
    except UnreadableError as error:
        raise PublishError(f"Release {folder.name} cannot be compared by month: {error}") from None
