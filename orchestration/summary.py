"""Tables for people: what a run published, which releases there are, what a query found."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.releases.export import ALIAS_FILE, MARTS_FILE
from orchestration.releases.publish import ReleaseInfo, current_manifest
from orchestration.releases.query import QueryResult, query_current
from orchestration.settings import Settings

RECENT_MONTHS = 6
PLAIN_WIDTH = 160
"""Columns of a table that goes to a file or a pipe, where no screen limits it."""

_MOVEMENTS = ("opening", "new", "expansion", "contraction", "churn", "reactivation", "fx_impact", "closing")


def print_summary(settings: Settings, program: str) -> None:
    """Where the marts of the current release are, what is in them, and how to look at them."""
    console = _console()
    manifest = current_manifest(settings)
    if manifest is None:
        return
    tables = manifest["tables"]
    console.print(
        f"\nMarts: {settings.current}/{ALIAS_FILE} (also {MARTS_FILE}), and Parquet beside it", soft_wrap=True
    )
    counts = ", ".join(f"{name} {table['rows']:,}" for name, table in tables.items() if name[0] != "_")
    console.print(f"Rows:  {counts}\n", highlight=False)
    columns = [f"{name}_mrr" for name in _MOVEMENTS]
    known = {column["name"] for column in tables.get("mrr_monthly", {}).get("columns", ())}
    if known.issuperset(columns):
        result = query_current(
            settings,
            f"from (select month, {', '.join(columns)} from mrr_monthly where dimension = 'all'"
            f" order by month desc limit {RECENT_MONTHS}) order by month",
        )
        headings = ("month", *_MOVEMENTS)
        rows = [(f"{row[0]:%Y-%m}", *(f"{value:,.0f}" for value in row[1:])) for row in result.rows]
        console.print(_table("MRR of the last months", headings, rows, range(1, len(headings))))
    console.print("\nLook at them:")
    for command in (
        f"{program} query \"select * from mrr_monthly where dimension = 'all' order by month desc limit 12\"",
        f"{program} releases",
    ):
        console.print(f"  {escape(command)}", highlight=False, soft_wrap=True)


def print_releases(releases: Sequence[ReleaseInfo]) -> None:
    """One line per release, oldest first."""
    console = _console()
    if not releases:
        console.print("There is no release yet. `csw run` makes the first one.")
        return
    headings = ("", "release", "published", "as of", "known at", "rows", "checks", "follows")
    rows = [
        (
            "*" if one.is_current else "",
            one.release_id,
            one.created_at or "",
            one.as_of or "",
            one.known_at or "",
            f"{one.rows:,}" if one.rows is not None else "",
            str(one.checks or ""),
            one.parent or "",
        )
        for one in releases
    ]
    console.print(_table(None, headings, rows, (5, 6)))
    for one in releases:
        if one.problem:
            console.print(f"[red]{escape(one.problem)}[/red]", soft_wrap=True)


def print_rows(result: QueryResult) -> None:
    """An answer as a table, with a word where rows were left out."""
    console = _console()
    numeric = [
        index
        for index in range(len(result.columns))
        if all(isinstance(row[index], int | float | Decimal | None) for row in result.rows)
    ]
    rows = [tuple(_text(value) for value in row) for row in result.rows]
    console.print(_table(None, result.columns, rows, numeric))
    if result.has_more:
        console.print(f"Only the first {len(rows)} rows are shown; --csv and --json give all.")
    elif not rows:
        console.print("No rows.")


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH)


def _table(
    title: str | None, headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] | range
) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for index, heading in enumerate(headings):
        table.add_column(escape(heading), justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(value) for value in row))
    return table


def _text(value: Any) -> str:
    return "" if value is None else str(value)
