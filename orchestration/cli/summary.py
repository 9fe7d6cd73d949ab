"""Reports on the terminal: the summary of a run, lists of releases and files, audits and differences."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.console import Console
from rich.markup import escape

from orchestration.cli.tables import print_table, report_console
from orchestration.core.errors import QueryError
from orchestration.core.settings import Settings
from orchestration.core.wording import count
from orchestration.landing.batches import fixed_batches, known_batches
from orchestration.landing.inspection import FileReport, LandingStatus
from orchestration.landing.records import OUTCOMES
from orchestration.releases.difference import Difference
from orchestration.releases.history import current_manifest
from orchestration.releases.listing import ReleaseInfo
from orchestration.releases.pages import report_page
from orchestration.releases.previous import restatements_in_words
from orchestration.releases.query import query_current
from orchestration.releases.reaudit import Reaudit
from orchestration.releases.store import store_of

RECENT_MONTHS = 6
WARNINGS_SHOWN = 12

_MOVEMENTS = ("opening", "new", "expansion", "contraction", "churn", "reactivation", "fx_impact", "closing")


def print_summary(settings: Settings, program: str) -> None:
    """Print the location and content of the current marts, the data problems, and the next commands."""
    console = report_console()
    manifest = current_manifest(settings)
    if manifest is None:
        return
    tables = manifest["tables"]
    console.print(f"\nMarts: {store_of(settings).place(settings)}", soft_wrap=True)
    if (page := report_page(settings.current)).is_file():
        console.print(f"Report: {page}", soft_wrap=True)
    counts = ", ".join(f"{name} {table['rows']:,}" for name, table in tables.items() if name[0] != "_")
    console.print(f"Rows:  {counts}\n", highlight=False)
    if words := restatements_in_words(manifest.get("restatements")):
        console.print(f"Past:  {words}\n", highlight=False, soft_wrap=True)
    columns = [f"{name}_mrr" for name in _MOVEMENTS]
    known = {column["name"] for column in tables.get("mrr_monthly", {}).get("columns", ())}
    if known.issuperset(columns):
        result = query_current(
            settings,
            f"select * from (select month, {', '.join(columns)} from mrr_monthly where dimension = 'all'"
            f" order by month desc limit {RECENT_MONTHS}) order by month",
        )
        headings = ("month", *_MOVEMENTS)
        rows = [(f"{row[0]:%Y-%m}", *(f"{round(value):,}" for value in row[1:])) for row in result.rows]
        print_table("MRR of the last months", headings, rows, range(1, len(headings)))
    _print_data_quality(settings, console)
    _print_rejected_files(settings, console, program)
    console.print("\nNext commands:")
    for command in (
        f"{program} query \"select * from mrr_monthly where dimension = 'all' order by month desc limit 12\"",
        f"{program} releases",
    ):
        console.print(f"  {escape(command)}", highlight=False, soft_wrap=True)


def _print_data_quality(settings: Settings, console: Console) -> None:
    """Print the warnings of _data_quality with the affected MRR."""
    try:
        found = query_current(
            settings,
            "select status, check_name, table_name, detail, observed, round(affected_mrr) from _data_quality"
            " where status <> 'pass' order by status, abs(affected_mrr) desc nulls last, observed desc",
        )
    except QueryError:
        return  # an older release lacks this mart, or these columns
    if not found.rows:
        return
    headings = ("", "check", "table", "detail", "found", "MRR")
    rows = [
        (status, check, table, detail, f"{observed:,}", "" if mrr is None else f"{mrr:,.0f}")
        for status, check, table, detail, observed, mrr in found.rows[:WARNINGS_SHOWN]
    ]
    console.print()
    print_table("Data-quality warnings", headings, rows, (4, 5))
    if len(found.rows) > WARNINGS_SHOWN:
        console.print(f"and {len(found.rows) - WARNINGS_SHOWN} more in the mart _data_quality")


def _print_rejected_files(settings: Settings, console: Console, program: str) -> None:
    """Print the refused files and the files with quarantined rows, unless a later file fixed them."""
    batches = known_batches(settings)
    fixed = fixed_batches(batches)
    waiting = [
        one
        for one in batches
        if one.batch_id not in fixed and one.status != "withdrawn" and one.rows_quarantined + one.rows_refused
    ]
    if not waiting:
        return
    console.print("\nNot loaded:")
    for batch in waiting[-WARNINGS_SHOWN:]:
        what = (
            f"refused, {batch.reason}"
            if batch.status == "refused"
            else f"{batch.rows_quarantined:,} of {count(batch.rows_in, 'row')} quarantined"
        )
        console.print(f"  {batch.label}: {what}", soft_wrap=True, markup=False, highlight=False)
        console.print(
            f"    show every mistake: {program} landing show {batch.batch_id}",
            soft_wrap=True,
            highlight=False,
        )
    console.print("  To end these warnings, fix the file and deliver it under the same name.", soft_wrap=True)


def print_releases(releases: Sequence[ReleaseInfo]) -> None:
    """Print one line per release, oldest first."""
    console = report_console()
    if not releases:
        console.print("There is no release yet. `csw run` makes the first one.")
        return
    headings = ("", "release", "published", "as of", "known at", "rows", "checks", "previous")
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
    print_table(None, headings, rows, (5, 6))
    for one in releases:
        if one.waits_for:
            names = ", ".join(one.waits_for)
            console.print(f"{one.release_id} waits for acceptance of: {names}", soft_wrap=True)
        if one.experiment:
            console.print(
                f"{one.release_id} is an experiment: {one.experiment}", soft_wrap=True, markup=False
            )
        if one.problem:
            console.print(f"[red]{escape(one.problem)}[/red]", soft_wrap=True)


def print_landing_status(status: LandingStatus) -> None:
    """Print row counts per object and every file with rejected rows."""
    console = report_console()
    if not status.objects:
        console.print("No file has been loaded yet. `csw run` loads the files in the landing folder.")
        return
    outcomes = [name for name in OUTCOMES if name == "used" or any(one.rows[name] for one in status.objects)]
    headings = ("object", "files", "rows in", *outcomes)
    counts = [
        (one.object, f"{one.files:,}", f"{one.rows_in:,}", *(f"{one.rows[name]:,}" for name in outcomes))
        for one in status.objects
    ]
    print_table(None, headings, counts, range(1, len(headings)))
    for entry in status.withdrawn:
        console.print(f"{entry.file} is {entry.in_words}", soft_wrap=True, markup=False, highlight=False)
    if status.rejected:
        headings = ("batch", "file", "", "rejected", "reason")
        rows = [
            (
                one.batch_id,
                one.file,
                ("refused" if one.status == "refused" else "rows in quarantine")
                + (", fixed since" if one.is_fixed else ""),
                f"{one.rows_quarantined + one.rows_refused:,}",
                one.reason,
            )
            for one in status.rejected
        ]
        console.print()
        print_table(None, headings, rows, (3,))
        console.print(
            "\n`csw landing show <batch>` shows every mistake and the rows. `csw landing requeue <batch>` "
            "retries them.",
            soft_wrap=True,
        )


def print_file_report(found: FileReport) -> None:
    """Print the counts, every kind of mistake and the rejected rows of one file, with values."""
    console = report_console()
    counts = ", ".join(f"{rows:,} {name}" for name, rows in found.rows.items() if rows or name == "in")
    lines = [f"{found.file}: {found.status}; rows: {counts}"]
    if found.status == "refused":
        lines.append(f"Refused: {found.reason}.")
    titles = (("wrong", "Mistakes:"), ("told", "Warnings:"), ("note", "Notes:"))
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
        print_table("Rejected rows", ("line", "row", "column", "value", "reason"), rows, (0, 1))
    if found.has_more:
        console.print("There are more rejected rows. Raise --limit to show them.")
    if found.kept:
        console.print(f"\nSaved in {found.kept}", soft_wrap=True, markup=False, highlight=False)


def print_audit(found: Reaudit) -> None:
    """Print the verdict and every check that did not pass."""
    console = report_console()
    report = found.report
    console.print(f"{found.release_id}: {report.summary()}", soft_wrap=True, markup=False, highlight=False)
    lines = [result.message for result in (*report.blocking, *report.warnings)]
    lines += [finding.message for finding in found.findings if finding.verdict != "passed"]
    for line in lines:
        console.print(f"  {line}", soft_wrap=True, markup=False, highlight=False)


def print_difference(found: Difference) -> None:
    """Print the differences between two releases."""
    console = report_console()
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
        print_table("Schema", ("mart", "column", "change", "before", "after"), schema, ())
    if found.rows:
        counts = [
            (one.mart, f"{one.before:,}", f"{one.after:,}", f"{one.after - one.before:+,}")
            for one in found.rows
        ]
        print_table("Rows", ("mart", "before", "after", "change"), counts, range(1, 4))
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
        print_table("Closing MRR and customers", headings, months, range(1, 5))
        console.print(
            f"{count(len(found.restated), 'closed month')} of {found.before} changed in {found.after}."
        )


def _figure(value: Decimal | int | None) -> str:
    return "" if value is None else f"{value:,}"
