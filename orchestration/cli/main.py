"""The command line `csw`. Each command checks its options, calls one function and prints what it returns."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli import landing, releases
from orchestration.cli.common import (
    Accept,
    AcceptSchemaChange,
    AsOf,
    Home,
    Json,
    KnownAt,
    Landing,
    Policies,
    acceptances,
    fail,
    guarded,
    say,
)
from orchestration.core.environment import restart_without_settings_of_python
from orchestration.core.errors import CswError, SettingsError
from orchestration.core.settings import load_settings

EPILOG = (
    "Exit codes: 0 done, or nothing new; 1 an error whose message says what to do, and nothing was "
    "published; 2 wrong options, or an unexpected error, whose traceback is in <home>/logs; 3 the audit or "
    "a limit keeps a release from being published; 4 somebody else is writing to the warehouse."
)
QUERY_ROWS = 100

app = typer.Typer(
    name="csw",
    help="Customer-success warehouse: raw files in; audited marts of churn, retention, NPS and MRR out.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
releases.register(app)
app.add_typer(landing.app, name="landing")


def main() -> None:
    """Run the command line; a user's mistake ends with a message, never with a traceback."""
    restart_without_settings_of_python()
    os.environ.setdefault("DO_NOT_TRACK", "1")
    try:
        app()
    except CswError as error:
        fail(getattr(error, "kind", type(error).__name__), str(error), error.exit_code)
        sys.exit(error.exit_code)


@app.command()
def simulate(
    accounts: Annotated[int, typer.Option(min=1, help="Accounts of the company.")] = 500,
    months: Annotated[int, typer.Option(min=1, help="Months of history.")] = 36,
    seed: Annotated[int, typer.Option(help="The same seed makes the same company.")] = 42,
    messy: Annotated[bool, typer.Option("--messy", help="With the flaws that real exports have.")] = False,
    until: Annotated[
        str | None, typer.Option(help="First day after the history. Default: first day of this month.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the files. Default: <home>/landing.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make the raw files of a believable company, with the true answers beside them."""
    settings = load_settings(home)
    last = _date("--until", until) if until else datetime.now(UTC).date().replace(day=1)
    with guarded(settings):
        from orchestration.core.console import progress_on_console
        from orchestration.refresh import log
        from simulator import simulate as make_company

        with progress_on_console():
            report = make_company(
                accounts, months, seed, out or settings.landing, until=last, messy=messy, progress=log.info
            )
        say({"report": report.lines()}) if json else typer.echo("\n".join(report.lines()))


@app.command()
def run(
    home: Home = None,
    landing: Landing = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    policy: Policies = None,
    force: Annotated[bool, typer.Option("--force", help="Build and publish also if nothing is new.")] = False,
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish also what would be an experiment beside the release.")
    ] = False,
    accept: Accept = None,
    accept_schema_change: AcceptSchemaChange = False,
    json: Json = False,
) -> None:
    """Land new files, build the marts, audit them, and publish them if they pass.

    With --policy, with an --as-of before that of the current release, or with --known-at, which reads only
    what had been loaded by then, the run makes an experiment beside the current release, which stays.
    """
    settings = replace(
        load_settings(home, landing, as_of, policy, known_at),
        publish=publish,
        accept=acceptances(accept, accept_schema_change),
    )
    with guarded(settings):
        from orchestration.cli.summary import print_summary
        from orchestration.core.console import progress_on_console
        from orchestration.refresh import refresh

        with progress_on_console():
            outcome = refresh(settings, landing_is_given=landing is not None, force=force)
        if json:
            from orchestration.releases.manifest import read_manifest

            made = outcome.release_id or outcome.experiment_id
            manifest = read_manifest(settings.releases / made) if made else None
            say({**vars(outcome), "gate": manifest["gate"] if manifest else None})
            return
        typer.echo(outcome.message)
        if outcome.release_id:
            print_summary(settings, _program())


@app.command()
def prepare(
    home: Home = None,
    landing: Landing = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    policy: Policies = None,
    json: Json = False,
) -> None:
    """Make a development database with the raw data, for plain dbt and for Dagster's pages."""
    settings = load_settings(home, landing, as_of, policy, known_at)
    with guarded(settings):
        from orchestration.cli.development import prepare_development
        from orchestration.core.console import progress_on_console

        with progress_on_console():
            steps = prepare_development(settings, landing_is_given=landing is not None)
        say({"message": steps}) if json else typer.echo(steps)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT on the marts.")],
    release: Annotated[
        str, typer.Option(help="Id of the release, or its beginning. Default: the current one.")
    ] = "current",
    home: Home = None,
    json: Annotated[bool, typer.Option("--json", help="All rows, as JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="All rows, as CSV.")] = False,
    spreadsheet: Annotated[
        bool, typer.Option("--spreadsheet", help="All rows, as CSV without formulas.")
    ] = False,
) -> None:
    """Ask a release. Nothing can be changed, and no other file can be read."""
    if json + csv + spreadsheet > 1:
        raise SettingsError("Choose one of --json, --csv and --spreadsheet.")
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.cli.summary import print_rows
        from orchestration.releases.query import as_csv, as_json, query_release

        is_whole = json or csv or spreadsheet
        result = query_release(settings, sql, release, limit=None if is_whole else QUERY_ROWS)
        if is_whole:
            sys.stdout.write(as_json(result) if json else as_csv(result, for_spreadsheet=spreadsheet))
        else:
            print_rows(result)


@app.command()
def doctor(
    home: Home = None,
    landing: Landing = None,
    as_of: AsOf = None,
    policy: Policies = None,
    json: Json = False,
) -> None:
    """Check the set-up and the landing files before a run, and say what is wrong."""
    settings = load_settings(home, landing, as_of, policy)
    with guarded(settings):
        from orchestration.cli.doctor import examine

        findings = examine(settings)
        if json:
            say(findings)
        else:
            typer.echo("\n".join(map(str, findings)))
        if any(finding.level == "FAIL" for finding in findings):
            raise typer.Exit(1)


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{option} {text!r} is not a date such as 2025-01-01.") from None


def _program() -> str:
    """How this program was called, so that the next command can be copied from the screen."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{Path(sys.executable).name} -m orchestration"
    try:
        return str(called.absolute().relative_to(Path.cwd()))
    except ValueError:
        return called.name
