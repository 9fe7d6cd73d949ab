"""Tables for people: what a run published, which releases there are, what a query found."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.core.errors import QueryError
from orchestration.core.settings import Settings
from orchestration.landing.batches import known_batches, mended_batches
from orchestration.landing.inspection import FileReport, LandingStatus
from orchestration.landing.records import OUTCOMES
from orchestration.releases.difference import Difference
from orchestration.releases.export import ALIAS_FILE, MARTS_FILE
from orchestration.releases.history import current_manifest
from orchestration.releases.listing import ReleaseInfo
from orchestration.releases.previous import restatements_in_words
from orchestration.releases.query import QueryResult, query_current
from orchestration.releases.reaudit import Reaudit

RECENT_MONTHS = 6
WARNINGS_SHOWN = 12
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
    if words := restatements_in_words(manifest.get("restatements")):
        console.print(f"Past:  {words}\n", highlight=False, soft_wrap=True)
    columns = [f"{name}_mrr" for name in _MOVEMENTS]
    known = {column["name"] for column in tables.get("mrr_monthly", {}).get("columns", ())}
    if known.issuperset(columns):
        result = query_current(
            settings,
            f"from (select month, {', '.join(columns)} from mrr_monthly where dimension = 'all'"
            f" order by month desc limit {RECENT_MONTHS}) order by month",
        )
        headings = ("month", *_MOVEMENTS)
        rows = [(f"{row[0]:%Y-%m}", *(f"{round(value):,}" for value in row[1:])) for row in result.rows]
        console.print(_table("MRR of the last months", headings, rows, range(1, len(headings))))
    _print_data_quality(settings, console)
    _print_set_aside(settings, console, program)
    console.print("\nLook at them:")
    for command in (
        f"{program} query \"select * from mrr_monthly where dimension = 'all' order by month desc limit 12\"",
        f"{program} releases",
    ):
        console.print(f"  {escape(command)}", highlight=False, soft_wrap=True)


def _print_data_quality(settings: Settings, console: Console) -> None:
    """What the release itself says is odd about its data, with the MRR that it concerns."""
    try:
        found = query_current(
            settings,
            'select status, "check", "table", detail, observed, round(mrr) from _data_quality'
            " where status <> 'pass' order by status, abs(mrr) desc nulls last, observed desc",
        )
    except QueryError:
        return  # a release of an older version
    if not found.rows:
        return
    headings = ("", "check", "table", "detail", "found", "MRR")
    rows = [
        (status, check, table, detail, f"{observed:,}", "" if mrr is None else f"{mrr:,.0f}")
        for status, check, table, detail, observed, mrr in found.rows[:WARNINGS_SHOWN]
    ]
    console.print()
    console.print(_table("Data quality: look at", headings, rows, (4, 5)))
    if len(found.rows) > WARNINGS_SHOWN:
        console.print(f"and {len(found.rows) - WARNINGS_SHOWN} more in the mart _data_quality")


def _print_set_aside(settings: Settings, console: Console, program: str) -> None:
    """Files that were refused, or of which rows were set aside, and were not mended since."""
    batches = known_batches(settings)
    mended = mended_batches(batches)
    waiting = [
        one
        for one in batches
        if one.batch_id not in mended
        and one.status != "withdrawn"
        and one.rows_quarantined + one.rows_refused
    ]
    if not waiting:
        return
    console.print("\nNot loaded:")
    for batch in waiting[-WARNINGS_SHOWN:]:
        what = (
            f"refused, {batch.reason}"
            if batch.status == "refused"
            else f"{batch.rows_quarantined:,} of {batch.rows_in:,} rows set aside"
        )
        console.print(f"  {batch.label}: {what}", soft_wrap=True, markup=False, highlight=False)
        console.print(
            f"    every mistake: {program} landing show {batch.batch_id}", soft_wrap=True, highlight=False
        )
    console.print(
        "  Mend the file and deliver it under the same name; its warnings then end.", soft_wrap=True
    )


def print_releases(releases: Sequence[ReleaseInfo]) -> None:
    """One line per release, oldest first."""
    console = _console()
    if not releases:
        console.print("There is no release yet. `csw run` makes the first one.")
        return
    headings = ("", "release", "published", "as of", "known at", "rows", "checks", "follows")
    rows = [
        (
            "*" if one.is_current else "experiment" if one.experiment else "",
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
        if one.waits_for:
            names = ", ".join(one.waits_for)
            console.print(f"{one.release_id} waits for somebody to accept: {names}", soft_wrap=True)
        if one.experiment:
            console.print(
                f"{one.release_id} is an experiment: {one.experiment}", soft_wrap=True, markup=False
            )
        if one.problem:
            console.print(f"[red]{escape(one.problem)}[/red]", soft_wrap=True)


def print_landing_status(status: LandingStatus) -> None:
    """Counts per object, then every file that has rejected rows."""
    console = _console()
    if not status.objects:
        console.print("Nothing was landed yet. `csw run` loads what is in the landing folder.")
        return
    outcomes = [name for name in OUTCOMES if name == "used" or any(one.rows[name] for one in status.objects)]
    headings = ("object", "files", "rows in", *outcomes)
    counts = [
        (one.object, f"{one.files:,}", f"{one.rows_in:,}", *(f"{one.rows[name]:,}" for name in outcomes))
        for one in status.objects
    ]
    console.print(_table(None, headings, counts, range(1, len(headings))))
    for entry in status.withdrawn:
        console.print(f"{entry.file} is {entry.in_words}", soft_wrap=True, markup=False, highlight=False)
    if status.rejected:
        headings = ("batch", "file", "", "rejected", "reason")
        rows = [
            (
                one.batch_id,
                one.file,
                ("refused" if one.status == "refused" else "rows in quarantine")
                + (", mended since" if one.is_mended else ""),
                f"{one.rows_quarantined + one.rows_refused:,}",
                one.reason,
            )
            for one in status.rejected
        ]
        console.print()
        console.print(_table(None, headings, rows, (3,)))
        console.print(
            "\n`csw landing show <batch>` shows every mistake and the rows, `csw landing requeue <batch>` "
            "tries them again.",
            soft_wrap=True,
        )


def print_file_report(found: FileReport) -> None:
    """Counts, every kind of mistake and the rejected rows of one file, with values."""
    console = _console()
    counts = ", ".join(f"{rows:,} {name}" for name, rows in found.rows.items() if rows or name == "in")
    lines = [f"{found.file}: {found.status}; rows: {counts}"]
    if found.status == "refused":
        lines.append(f"Refused whole: {found.reason}.")
    titles = (("wrong", "Wrong:"), ("told", "Look at:"), ("note", "For the record:"))
    for kind, title in titles:
        mine = [remark for remark in found.remarks if remark.kind == kind]
        if mine:
            lines += ["", title, *(f"  {remark.sentence(with_value=True)}" for remark in mine)]
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    if found.rejected:
        rows = [
            (
                "" if row.line is None else f"{row.line:,}",
                f"{row.row:,}",
                row.column or "",
                row.value or "",
                row.reason,
            )
            for row in found.rejected
        ]
        console.print()
        console.print(_table("Rejected rows", ("line", "row", "column", "value", "reason"), rows, (0, 1)))
    if found.has_more:
        console.print("There are more rejected rows; --limit shows them.")
    if found.kept:
        console.print(f"\nKept in {found.kept}", soft_wrap=True, markup=False, highlight=False)


def print_audit(found: Reaudit) -> None:
    """The verdict, and every check that is not fine."""
    console = _console()
    report = found.report
    console.print(f"{found.release_id}: {report.summary()}", soft_wrap=True, markup=False, highlight=False)
    lines = [result.message for result in (*report.blocking, *report.warnings)]
    lines += [finding.message for finding in found.findings if finding.verdict != "passed"]
    for line in lines:
        console.print(f"  {line}", soft_wrap=True, markup=False, highlight=False)


def print_difference(found: Difference) -> None:
    """What changed from one release to the other."""
    console = _console()
    if not (found.schema or found.rows or found.months):
        console.print(
            f"{found.before} and {found.after} have the same schema, row counts, MRR and customers."
        )
        return
    if found.schema:
        schema = [
            (one.mart, one.column or "(mart)", one.kind, one.before or "", one.after or "")
            for one in found.schema
        ]
        console.print(_table("Schema", ("mart", "column", "change", "before", "after"), schema, ()))
    if found.rows:
        counts = [
            (one.mart, f"{one.before:,}", f"{one.after:,}", f"{one.after - one.before:+,}")
            for one in found.rows
        ]
        console.print(_table("Rows", ("mart", "before", "after", "change"), counts, range(1, 4)))
    if found.months:
        months = [
            (
                f"{one.month:%Y-%m}",
                _figure(one.closing_mrr_before),
                _figure(one.closing_mrr_after),
                _figure(one.customers_before),
                _figure(one.customers_after),
                "restated" if one.is_restated else "",
            )
            for one in found.months
        ]
        headings = ("month", "MRR before", "after", "customers before", "after", "")
        console.print(_table("Closing MRR and customers", headings, months, range(1, 5)))
        console.print(f"{len(found.restated)} months that were closed in {found.before} have other figures.")


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


def _figure(value: Decimal | int | None) -> str:
    return "" if value is None else f"{value:,}"


def _text(value: Any) -> str:
    return "" if value is None else str(value)
