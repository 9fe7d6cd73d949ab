"""Tables for the terminal: reports whose texts wrap, and query results that never break a value."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Sequence
from decimal import Decimal

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from orchestration.cli.common import Format
from orchestration.releases.answers import QueryResult, as_text

PLAIN_WIDTH = 160
"""Width of a report that is printed to a file or a pipe."""

TEXT_WIDTH = 60
"""Width to which a table shortens a text."""

FEW_ROWS = 5
"""Rows up to which a result that is too wide is printed with one line per column."""

NULL = "NULL"

_GAP = 2
_NARROWEST_TEXT = 8


def report_console() -> Console:
    """Return a console on standard output with the width of the terminal, or PLAIN_WIDTH."""
    return _console(shutil.get_terminal_size((PLAIN_WIDTH, 0)).columns)


def print_table(
    title: str | None,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Collection[int] = (),
) -> None:
    """Print a report. Texts wrap to the width; the columns in `numbers` are right-aligned and stay whole."""
    table = _table(title)
    needed = 0
    for index, heading in enumerate(headings):
        is_number = index in numbers
        table.add_column(
            escape(heading),
            justify="right" if is_number else "left",
            overflow="fold",
            no_wrap=is_number,
        )
        width = max(map(cell_len, (heading, *(row[index] for row in rows))))
        needed += _GAP + (width if is_number else min(width, _NARROWEST_TEXT))
    for row in rows:
        table.add_row(*map(escape, row))
    _console(max(report_console().width, needed)).print(table)


def print_result(result: QueryResult, *, has_formats: bool = True) -> None:
    """Print a query result as a table. The notes name other formats if the command `has_formats`.

    On a terminal, a few rows that are wider than it are printed with one line per column. More rows lose the
    columns that do not fit, and a note names them. A file or a pipe gets every column.
    """
    shown = [[_shortened(_cell(value)) for value in row] for row in result.rows]
    widths = [
        max(cell_len(name), *(cell_len(row[index]) for row in shown)) if shown else cell_len(name)
        for index, name in enumerate(result.columns)
    ]
    kept = len(widths)
    if sys.stdout.isatty():
        available = shutil.get_terminal_size().columns
        while kept > 1 and _line_width(widths[:kept]) > available:
            kept -= 1
        if _line_width(widths) > available and shown and len(shown) <= FEW_ROWS:
            print_vertically(result, has_formats=has_formats)
            return
    table = _table(None)
    for index, name in enumerate(result.columns[:kept]):
        table.add_column(escape(name), justify="right" if _is_numeric(result, index) else "left")
    for row, values in zip(shown, result.rows, strict=True):
        cells = zip(row[:kept], values, strict=False)
        table.add_row(*(_styled(text, is_null=value is None) for text, value in cells))
    _console(_line_width(widths[:kept])).print(table)
    _print_notes(result, result.columns[kept:], has_formats)


def print_vertically(result: QueryResult, *, has_formats: bool = True) -> None:
    """Print a query result with one line per column and every text in full."""
    console = Console()
    width = max(map(cell_len, result.columns), default=0)
    for number, row in enumerate(result.rows, start=1):
        console.print(f"[bold]row {number}[/bold]", highlight=False)
        for name, value in zip(result.columns, row, strict=True):
            first, *others = _cell(value).split("\n")
            heading = f"  {set_cell_size(name, width)}  "
            line = Text(heading).append_text(_styled(first, is_null=value is None))
            for other in others:
                line.append("\n" + " " * cell_len(heading) + other)
            console.print(line, soft_wrap=True, highlight=False)
    _print_notes(result, (), has_formats)


def _print_notes(result: QueryResult, hidden: Sequence[str], has_formats: bool) -> None:
    """Say what is missing, and which format shows it."""
    notes = []
    if not result.rows:
        notes.append("No rows.")
    if hidden:
        advice = (
            f" `--format {Format.VERTICAL}` and `--format {Format.CSV}` show them." if has_formats else ""
        )
        notes.append(
            f"{len(hidden)} of {len(result.columns)} columns do not fit: {', '.join(hidden)}.{advice}"
        )
    if result.has_more:
        advice = (
            f" `--format {Format.CSV}` and `--format {Format.JSON}` print all rows." if has_formats else ""
        )
        notes.append(f"Only the first {len(result.rows)} rows are shown.{advice}")
    for note in notes:
        Console().print(note, soft_wrap=True, markup=False, highlight=False)


def _console(width: int) -> Console:
    # rich ignores a width without a height on a dumb terminal. Nothing here depends on the height.
    return Console(width=width, height=1)


def _table(title: str | None) -> Table:
    return Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")


def _line_width(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _is_numeric(result: QueryResult, index: int) -> bool:
    values = [row[index] for row in result.rows if row[index] is not None]
    return all(isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in values)


def _cell(value: object) -> str:
    return NULL if value is None else as_text(value)


def _styled(text: str, *, is_null: bool) -> Text:
    return Text(text, style="dim" if is_null else "")


def _shortened(text: str) -> str:
    """Return a text on one line, and with an ellipsis if it is longer than a table shows."""
    line = text.replace("\r", " ").replace("\n", " ").replace("\t", " ")
    if cell_len(line) <= TEXT_WIDTH:
        return line
    return set_cell_size(line, TEXT_WIDTH - 1).rstrip() + "…"
