"""The command line `csw`. Each command checks its options, calls one function and prints the result."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from orchestration import STARTED
from orchestration.cli import extract, landing, releases, sharing
from orchestration.cli.common import (
    Accept,
    AcceptSchemaChange,
    AsOf,
    Engine,
    Format,
    Home,
    Json,
    KnownAt,
    Landing,
    Policies,
    acceptances,
    fail,
    guarded,
    print_json,
)
from orchestration.core.environment import restart_without_settings_of_python
from orchestration.core.errors import CswError, SettingsError
from orchestration.core.settings import load_settings, require_duckdb

EPILOG = (
    "Exit codes: 0 success, or nothing new; 1 an error with a message that explains what to do, nothing "
    "published; 2 a wrong option, or an unexpected error with a traceback in <home>/logs; 3 the audit or "
    "a limit stopped the release; 4 another process is writing to the warehouse."
)
QUERY_ROWS = 100
PLAIN_DBT = "Run dbt with `--target spark` in a catalog of your own, as docs/engines.md explains."

app = typer.Typer(
    name="csw",
    help="Customer-success warehouse: turns raw files into audited marts of churn, retention, NPS and MRR.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
releases.register(app)
extract.register(app)
sharing.register(app)
app.add_typer(landing.app, name="landing")


def main() -> None:
    """Run the command line. A user's mistake ends with a message, never with a traceback."""
    restart_without_settings_of_python()
    os.environ.setdefault("DO_NOT_TRACK", "1")
    code: int | str | None
    try:
        app()
        code = 0
    except SystemExit as end:
        code = end.code
    except CswError as error:
        fail(getattr(error, "kind", type(error).__name__), str(error), error.exit_code)
        code = error.exit_code
    if "dbt" in sys.modules and isinstance(code, int):
        _exit_at_once(code)
    sys.exit(code)


def _exit_at_once(code: int) -> NoReturn:
    """End the process without freeing dbt's objects one by one, which takes Python more than a second."""
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _print_version(is_wanted: bool) -> None:
    if not is_wanted:
        return
    from importlib.metadata import version

    from orchestration.releases.fingerprint import code_version

    versions = {
        "csw": version("customer-success-warehouse"),
        "code": code_version(),
        **{name: version(name) for name in ("duckdb", "dbt-core", "dagster")},
    }
    typer.echo("\n".join(f"{name:<8}  {found}" for name, found in versions.items()))
    raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the versions of csw, its code (as in `_release`), DuckDB, dbt and Dagster.",
        ),
    ] = False,
) -> None:
    """Accept the options that stand before a command."""


@app.command()
def simulate(
    accounts: Annotated[int, typer.Option(min=1, help="Number of accounts.")] = 500,
    months: Annotated[int, typer.Option(min=1, help="Months of history.")] = 36,
    seed: Annotated[int, typer.Option(help="Random seed. The same seed gives the same company.")] = 42,
    messy: Annotated[bool, typer.Option("--messy", help="Add typical flaws of real exports.")] = False,
    systems: Annotated[
        str,
        typer.Option(
            "--as",
            help="Write what these hold as their files: salesforce, stripe, typeform, zendesk, segment, "
            "meetings.",
        ),
    ] = "generic",
    until: Annotated[
        str | None, typer.Option(help="First day after the history. Default: the first day of this month.")
    ] = None,
    usage_months: Annotated[
        int, typer.Option(min=0, help="Months of product usage at the end of the history.")
    ] = 24,
    out: Annotated[Path | None, typer.Option(help="Folder for the files. Default: <home>/landing.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Write the raw files of a simulated company, and its true history for comparison."""
    settings = load_settings(home)
    last = _date("--until", until) if until else datetime.now(UTC).date().replace(day=1)
    with guarded(settings):
        from orchestration.core.console import progress_on_console
        from orchestration.refresh import log
        from simulator import simulate as make_company

        with progress_on_console():
            report = make_company(
                accounts,
                months,
                seed,
                out or settings.landing,
                until=last,
                messy=messy,
                systems=[name.strip() for name in systems.split(",")],
                usage_months=usage_months,
                progress=log.info,
            )
        print_json({"report": report.lines()}) if json else typer.echo("\n".join(report.lines()))


@app.command()
def run(
    home: Home = None,
    landing: Landing = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    policy: Policies = None,
    engine: Engine = None,
    force: Annotated[bool, typer.Option("--force", help="Build and publish even if nothing is new.")] = False,
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish the release instead of making an experiment.")
    ] = False,
    accept: Accept = None,
    accept_schema_change: AcceptSchemaChange = False,
    json: Json = False,
) -> None:
    """Load new files, build the marts, audit them, and publish them if they pass.

    The run makes an experiment, and does not change the current release, if it has --policy, --known-at, or
    an --as-of before the current release's. With --known-at it reads only files loaded by that time.
    """
    settings = replace(
        load_settings(home, landing, as_of, policy, known_at, engine),
        publish=publish,
        accept=acceptances(accept, accept_schema_change),
    )
    with guarded(settings):
        from orchestration.cli.summary import print_summary
        from orchestration.core.console import progress_on_console
        from orchestration.refresh import refresh

        with progress_on_console():
            outcome = refresh(settings, landing_is_given=landing is not None, force=force, started=STARTED)
        if json:
            from orchestration.releases.manifest import read_manifest

            made = outcome.release_id or outcome.experiment_id
            manifest = read_manifest(settings.releases / made) if made else None
            print_json({**vars(outcome), "gate": manifest["gate"] if manifest else None})
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
    """Create a development database with the raw data, for plain dbt and Dagster's pages."""
    settings = load_settings(home, landing, as_of, policy, known_at)
    require_duckdb(settings, "csw prepare", PLAIN_DBT)
    with guarded(settings):
        from orchestration.core.console import progress_on_console
        from orchestration.development.database import prepare_development

        with progress_on_console():
            steps = prepare_development(settings, landing_is_given=landing is not None)
        print_json({"message": steps}) if json else typer.echo(steps)


@app.command()
def dev(
    model: Annotated[str, typer.Argument(help="Name of a model, such as churn_monthly.")],
    rows: Annotated[int, typer.Option(min=0, help="Number of rows to show.")] = 10,
    unit_tests: Annotated[
        bool, typer.Option("--unit-tests", help="Run the unit tests of the model, too.")
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Build a changed model in the development database, show its rows, and compare it with the release.

    Also builds the changed models that it reads. Uses the as_of and the policies of the current release.
    """
    settings = load_settings(home)
    require_duckdb(settings, "csw dev", PLAIN_DBT)
    with guarded(settings):
        from orchestration.cli.development import print_development
        from orchestration.core.console import progress_on_console
        from orchestration.development.loop import develop

        with progress_on_console():
            done = develop(settings, model, rows=rows, unit_tests=unit_tests)
        print_json(done) if json else print_development(done)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT on the marts.")],
    release: Annotated[
        str, typer.Option(help="Id of the release, or the start of it. Default: the current release.")
    ] = "current",
    home: Home = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="Default: table. vertical prints one line per column. csv, json and spreadsheet (CSV "
            "without formulas) print all rows.",
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="Stop the query after this time.")
    ] = 60,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Query a release. The query cannot change anything and cannot read other files."""
    if json and form not in (None, Format.JSON):
        raise SettingsError(f"Choose one of --json and --format {form}.")
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.cli.tables import print_result, print_vertically
        from orchestration.releases.answers import as_csv, as_json
        from orchestration.releases.query import query_release

        form = Format.JSON if json else form or Format.TABLE
        limit = QUERY_ROWS if form in (Format.TABLE, Format.VERTICAL) else None
        result = query_release(settings, sql, release, limit=limit, seconds=timeout)
        match form:
            case Format.TABLE:
                print_result(result)
            case Format.VERTICAL:
                print_vertically(result)
            case Format.JSON:
                sys.stdout.write(as_json(result))
            case Format.CSV | Format.SPREADSHEET:
                sys.stdout.write(as_csv(result, for_spreadsheet=form is Format.SPREADSHEET))


@app.command()
def doctor(
    home: Home = None,
    landing: Landing = None,
    as_of: AsOf = None,
    policy: Policies = None,
    json: Json = False,
) -> None:
    """Check the set-up and the landing files before a run, and list all problems."""
    settings = load_settings(home, landing, as_of, policy)
    with guarded(settings):
        from orchestration.cli.doctor import examine

        findings = examine(settings)
        if json:
            print_json(findings)
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
    """Return the command that started this program, so that users can copy the suggested commands."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{Path(sys.executable).name} -m orchestration"
    try:
        return str(called.absolute().relative_to(Path.cwd()))
    except ValueError:
        return called.name
