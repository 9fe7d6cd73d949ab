"""The command line `csw`. Each command checks its options, calls one function and prints what it returns."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from orchestration.errors import CswError, SettingsError
from orchestration.settings import Settings, load_settings

EPILOG = (
    "Exit codes: 0 done, or nothing new; 1 an error whose message says what to do, and nothing was "
    "published; 2 wrong options, or an unexpected error, whose traceback is in <home>/logs."
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

Home = Annotated[
    Path | None,
    typer.Option(envvar="CSW_HOME", help="Folder of the warehouse. Default: data, in the project."),
]
Landing = Annotated[
    Path | None,
    typer.Option(envvar="CSW_LANDING", help="Folder with the raw files; only read. Default: <home>/landing."),
]
AsOf = Annotated[
    str | None,
    typer.Option(envvar="CSW_AS_OF", help="Nothing after this date or time (UTC) counts. Default: now."),
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        envvar="CSW_KNOWN_AT",
        help="Read only what had been loaded by this date or time (UTC). Default: everything.",
    ),
]
Policies = Annotated[
    list[str] | None,
    typer.Option("--policy", envvar="CSW_POLICIES", help="name=value of a policy; may be repeated."),
]


def main() -> None:
    """Run the command line; a user's mistake ends with a message, never with a traceback."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    try:
        app()
    except CswError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


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
) -> None:
    """Make the raw files of a believable company, with the true answers beside them."""
    settings = load_settings(home)
    last = _date("--until", until) if until else datetime.now(UTC).date().replace(day=1)
    with _guarded(settings):
        from orchestration.console import progress_on_console
        from orchestration.refresh import log
        from simulator import simulate as make_company

        with progress_on_console():
            report = make_company(
                accounts, months, seed, out or settings.landing, until=last, messy=messy, progress=log.info
            )
        typer.echo("\n".join(report.lines()))


@app.command()
def run(
    home: Home = None,
    landing: Landing = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    policy: Policies = None,
    force: Annotated[bool, typer.Option("--force", help="Build and publish also if nothing is new.")] = False,
) -> None:
    """Land new files, build the marts, audit them, and publish them if they pass.

    With --known-at the warehouse is built again as it could have been built then: no new file is landed,
    and the release is made beside the current one, which stays.
    """
    settings = load_settings(home, landing, as_of, policy, known_at)
    with _guarded(settings):
        from orchestration.console import progress_on_console
        from orchestration.refresh import refresh
        from orchestration.summary import print_summary

        with progress_on_console():
            outcome = refresh(settings, landing_is_given=landing is not None, force=force)
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
) -> None:
    """Make a development database with the raw data, for plain dbt and for Dagster's pages."""
    settings = load_settings(home, landing, as_of, policy, known_at)
    with _guarded(settings):
        from orchestration.console import progress_on_console
        from orchestration.development import prepare_development

        with progress_on_console():
            steps = prepare_development(settings, landing_is_given=landing is not None)
        typer.echo(steps)


@app.command()
def releases(home: Home = None) -> None:
    """List the releases that are kept; * marks the current one."""
    settings = load_settings(home)
    with _guarded(settings):
        from orchestration.releases import list_releases
        from orchestration.summary import print_releases

        print_releases(list_releases(settings))


@app.command()
def rollback(
    release: Annotated[
        str | None, typer.Argument(help="Id of the release. Default: the one before the current.")
    ] = None,
    home: Home = None,
) -> None:
    """Point `current` at an older release, after checking that its files are intact."""
    settings = load_settings(home)
    with _guarded(settings):
        from orchestration.releases import rollback as roll_back

        typer.echo(roll_back(settings, release).message)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT on the marts.")],
    home: Home = None,
    json: Annotated[bool, typer.Option("--json", help="All rows, as JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="All rows, as CSV.")] = False,
) -> None:
    """Ask the current release. Nothing can be changed, and no other file can be read."""
    if json and csv:
        raise SettingsError("Choose one of --json and --csv.")
    settings = load_settings(home)
    with _guarded(settings):
        from orchestration.releases.query import as_csv, as_json, query_current
        from orchestration.summary import print_rows

        result = query_current(settings, sql, limit=None if json or csv else QUERY_ROWS)
        if json or csv:
            sys.stdout.write(as_json(result) if json else as_csv(result))
        else:
            print_rows(result)


@app.command()
def doctor(home: Home = None, landing: Landing = None, as_of: AsOf = None, policy: Policies = None) -> None:
    """Check the set-up and the landing files before a run, and say what is wrong."""
    settings = load_settings(home, landing, as_of, policy)
    with _guarded(settings):
        from orchestration.doctor import examine

        findings = examine(settings)
        for finding in findings:
            typer.echo(str(finding))
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


@contextmanager
def _guarded(settings: Settings) -> Iterator[None]:
    """Keep the traceback of an unexpected error in a file, and say where it is."""
    try:
        yield
    except (CswError, typer.Exit, typer.Abort):
        raise
    except Exception as error:
        path = settings.home / "logs" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-error.log"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(traceback.format_exc(), encoding="utf-8")
            where = f"The details are in {path}."
        except OSError:
            where = "Its details could not be written, as the home is not writable."
        first = (str(error).strip().splitlines() or [""])[0][:300]
        print(f"error: unexpected {type(error).__name__}: {first}\n{where}", file=sys.stderr)
        raise typer.Exit(2) from None
