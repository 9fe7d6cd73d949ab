"""Commands that take a release to people: export to files, push to PostgreSQL, alerts about customers."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.common import Home, Json, guarded, print_json
from orchestration.core.settings import load_settings, require_duckdb
from orchestration.core.wording import count
from orchestration.sharing.formats import ExportFormat

Release = Annotated[
    str, typer.Option(help="Id of the release, or the start of it. Default: the current release.")
]
Marts = Annotated[
    list[str] | None,
    typer.Option("--marts", help="Only these marts, separated by commas; repeatable. Default: all."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(export)
    app.command()(push)
    app.command()(alerts)


def export(
    form: Annotated[ExportFormat, typer.Option("--format", help="Files to write.")],
    marts: Marts = None,
    release: Release = "current",
    output: Annotated[
        Path | None,
        typer.Option(help="Folder, or name of the xlsx file. Default: export-<release>, in this folder."),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write texts to CSV unchanged, even if they look like a formula.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Export marts to CSV files, Parquet files or an Excel workbook.

    In CSV files, an apostrophe stands before a text that a spreadsheet would take for a formula.
    """
    settings = load_settings(home)
    require_duckdb(settings, "csw export", "`csw query --format csv` writes the rows of one SELECT.")
    with guarded(settings):
        from orchestration.core.console import progress_on_console
        from orchestration.sharing.export import export_release

        with progress_on_console():
            done = export_release(
                settings,
                form,
                release_id=release,
                marts=_names(marts),
                output=output,
                raw=raw,
                overwrite=overwrite,
            )
        if json:
            print_json(done)
            return
        for note in done.notes:
            typer.echo(f"note: {note}")
        where = done.files[0] if len(done.files) == 1 else done.files[0].parent
        what = f"{count(len(done.rows), 'mart')}, {count(sum(done.rows.values()), 'row')}"
        typer.echo(f"exported release {done.release_id} ({what}) to {where}")


def push(
    url: Annotated[str, typer.Argument(help="postgresql://user@host:port/database")],
    marts: Marts = None,
    release: Release = "current",
    schema: Annotated[str, typer.Option(help="Schema that gets the marts.")] = "marts",
    force: Annotated[
        bool, typer.Option("--force", help="Copy the marts even if the schema has this release.")
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Copy the marts of a release into a schema of PostgreSQL, in one transaction.

    Other processes can see the arguments of a command, so give the password in PGPASSWORD or ~/.pgpass.
    """
    settings = load_settings(home)
    require_duckdb(settings, "csw push", "Readers of Spark's catalog see the schema `marts`.")
    with guarded(settings):
        from orchestration.core.console import progress_on_console
        from orchestration.sharing.push import push_release

        with progress_on_console():
            done = push_release(
                settings, url, release_id=release, marts=_names(marts), schema=schema, force=force
            )
        print_json(done) if json else typer.echo(done.message)


class AlertFormat(StrEnum):
    """How `csw alerts` prints the alerts."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


def alerts(
    since: Annotated[
        str | None,
        typer.Option(help="Only alerts that were not open in this release. Default: all open alerts."),
    ] = None,
    release: Release = "current",
    form: Annotated[AlertFormat, typer.Option("--format", help="How to print them.")] = AlertFormat.TABLE,
    send: Annotated[
        bool, typer.Option("--send", help="Post the new alerts to CSW_CUSTOMER_WEBHOOK, if none did yet.")
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """List the alerts about customers, those with most MRR at stake first.

    Accounts have names only if the policy report_show_names allows it. CSV is safe for spreadsheets.
    """
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.cli.tables import print_result
        from orchestration.releases.answers import as_csv, as_json
        from orchestration.sharing.customer_alerts import announce, as_markdown, customer_alerts

        found = customer_alerts(settings, release, since=since, only_new=since is not None)
        if send:
            done = announce(settings, found.release_id)
            typer.echo("posted the new alerts" if done else "nothing was posted", err=True)
        match AlertFormat.JSON if json else form:
            case AlertFormat.TABLE:
                print_result(found.result)
            case AlertFormat.JSON:
                sys.stdout.write(as_json(found.result))
            case AlertFormat.CSV:
                sys.stdout.write(as_csv(found.result, for_spreadsheet=True))
            case AlertFormat.MARKDOWN:
                sys.stdout.write(as_markdown(found.result))


def _names(marts: list[str] | None) -> list[str]:
    return [name.strip() for text in marts or () for name in text.split(",") if name.strip()]
