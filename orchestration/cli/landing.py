"""`csw landing`: what was loaded, what was rejected and why, and how to try again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli import withdrawals
from orchestration.cli.common import Home, Json, Landing, guarded, say
from orchestration.core.settings import load_settings

app = typer.Typer(
    help="What was loaded and what was rejected, and why; and how to try again.", no_args_is_help=True
)
withdrawals.register(app)

What = Annotated[
    str, typer.Argument(help="Batch id, as `csw landing status` lists it, its beginning, or a file name.")
]


@app.command()
def status(home: Home = None, landing: Landing = None, json: Json = False) -> None:
    """Rows in, loaded, quarantined and refused per object, and every file that has rejected rows."""
    settings = load_settings(home, landing)
    with guarded(settings):
        from orchestration.cli.summary import print_landing_status
        from orchestration.landing.inspection import landing_status

        found = landing_status(settings)
        say(found) if json else print_landing_status(found)


@app.command()
def show(
    batch: What,
    home: Home = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 50,
    json: Json = False,
) -> None:
    """What became of a file: every mistake, and the rejected rows. Prints values; keep them private."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.cli.summary import print_file_report
        from orchestration.landing.inspection import file_report

        found = file_report(settings, batch, limit=None if json else limit)
        say(found) if json else print_file_report(found)


@app.command()
def template(
    object_name: Annotated[str | None, typer.Argument(help="Object. Default: all of them.")] = None,
    home: Home = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to. Default: <home>/templates.")] = None,
    json: Json = False,
) -> None:
    """Write example files with every column, and beside each what its columns mean."""
    from orchestration.dbt_runner.landing_contract import contracts_named, load_contracts
    from orchestration.landing.advice.guide import write_templates

    settings = load_settings(home)
    contracts = load_contracts()
    chosen = contracts if object_name is None else contracts_named(contracts, object_name)
    written = write_templates(out or settings.home / "templates", chosen)
    say({"files": [str(path) for path in written]}) if json else typer.echo("\n".join(map(str, written)))


@app.command(name="map")
def propose(
    file: Annotated[Path, typer.Argument(help="A file as it was exported.")],
    object_name: Annotated[
        str | None, typer.Option("--object", help="Object that it is of. Default: the one that fits best.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write mapping.yml beside the file, unless there is one.")
    ] = False,
    json: Json = False,
) -> None:
    """Propose a mapping.yml that makes an export load without editing it. Nothing is applied unasked."""
    from orchestration.core.errors import LandingError
    from orchestration.dbt_runner.landing_contract import load_contracts
    from orchestration.landing.advice.proposals import propose_mapping

    found = propose_mapping(file, load_contracts(), object_name)
    if write:
        target = file.with_name("mapping.yml")
        if target.exists():
            raise LandingError(f"{target} is there already. Move it away, or compare it with the proposal.")
        target.write_text(found.text, encoding="utf-8")
    say(found) if json else typer.echo(found.text, nl=False)


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
        from orchestration.landing.requeue import requeue as queue_again

        done = queue_again(settings, batch, out)
        say(done) if json else typer.echo(done.message)
