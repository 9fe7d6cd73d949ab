"""`csw landing`: what was loaded, what was rejected and why, and how to try again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands import withdrawals
from orchestration.commands.common import Home, Json, Landing, guarded, say
from orchestration.settings import load_settings

app = typer.Typer(
    help="What was loaded and what was rejected, and why; and how to try again.", no_args_is_help=True
)
withdrawals.register(app)

What = Annotated[str, typer.Argument(help="Batch id, as `csw landing status` lists it, or its beginning.")]


@app.command()
def status(home: Home = None, landing: Landing = None, json: Json = False) -> None:
    """Rows in, loaded, quarantined and refused per object, and every file that has rejected rows."""
    settings = load_settings(home, landing)
    with guarded(settings):
        from orchestration.landing.inspection import landing_status
        from orchestration.summary import print_landing_status

        found = landing_status(settings)
        say(found) if json else print_landing_status(found)


@app.command()
def show(
    batch: What,
    home: Home = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 50,
    json: Json = False,
) -> None:
    """The rejected rows of a file: row, column, value and reason. Prints values; keep them private."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.landing.inspection import rejected_rows
        from orchestration.summary import print_rejected

        found = rejected_rows(settings, batch, limit=None if json else limit)
        say(found) if json else print_rejected(found)


@app.command()
def requeue(
    batch: What,
    home: Home = None,
    landing: Landing = None,
    out: Annotated[Path | None, typer.Option(help="File to write. Default: below <home>/mend.")] = None,
    json: Json = False,
) -> None:
    """Try again: a file of the rejected rows to mend and land, or a refused file once more as it is."""
    settings = load_settings(home, landing)
    with guarded(settings):
        from orchestration.landing.inspection import requeue as queue_again

        done = queue_again(settings, batch, out)
        say(done) if json else typer.echo(done.message)
