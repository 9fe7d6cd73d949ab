"""`csw landing`: show loaded and rejected files, and retry or withdraw them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli import withdrawals
from orchestration.cli.common import Home, Json, Landing, guarded, print_json
from orchestration.core.settings import Settings, load_settings, require_duckdb

app = typer.Typer(
    help="Show loaded and rejected files with the reasons; retry, map or withdraw them.",
    no_args_is_help=True,
)
withdrawals.register(app)

What = Annotated[
    str, typer.Argument(help="Batch id from `csw landing status`, or the start of it, or a file name.")
]


def _with_files(home: Path | None, landing: Path | None = None) -> Settings:
    settings = load_settings(home, landing)
    require_duckdb(settings, "csw landing", "Rejected rows are in relations of schema `raw`: docs/lake.md.")
    return settings


@app.command()
def status(home: Home = None, landing: Landing = None, json: Json = False) -> None:
    """Count the rows of each object by outcome, and list every file with rejected rows."""
    settings = _with_files(home, landing)
    with guarded(settings):
        from orchestration.cli.summary import print_landing_status
        from orchestration.landing.inspection import landing_status

        found = landing_status(settings)
        print_json(found) if json else print_landing_status(found)


@app.command()
def show(
    batch: What,
    home: Home = None,
    limit: Annotated[int, typer.Option(min=1, help="Number of rejected rows to show.")] = 50,
    json: Json = False,
) -> None:
    """Show every mistake and the rejected rows of a file. The output contains values; keep it private."""
    settings = _with_files(home)
    with guarded(settings):
        from orchestration.cli.summary import print_file_report
        from orchestration.landing.inspection import file_report

        found = file_report(settings, batch, limit=None if json else limit)
        print_json(found) if json else print_file_report(found)


@app.command()
def template(
    object_name: Annotated[str | None, typer.Argument(help="Name of the object. Default: all.")] = None,
    home: Home = None,
    out: Annotated[Path | None, typer.Option(help="Output folder. Default: <home>/templates.")] = None,
    json: Json = False,
) -> None:
    """Write an example file for each object, with a description of its columns."""
    from orchestration.dbt_runner.contract_files import contracts_named, generic_contracts
    from orchestration.landing.advice.guide import write_templates

    settings = _with_files(home)
    contracts = generic_contracts()
    chosen = contracts if object_name is None else contracts_named(contracts, object_name)
    written = write_templates(out or settings.home / "templates", chosen)
    print_json({"files": [str(path) for path in written]}) if json else typer.echo(
        "\n".join(map(str, written))
    )


@app.command(name="map")
def propose(
    file: Annotated[Path, typer.Argument(help="Exported file.")],
    object_name: Annotated[
        str | None, typer.Option("--object", help="Object of the file. Default: the best match.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Save mapping.yml in the file's folder, unless one exists.")
    ] = False,
    json: Json = False,
) -> None:
    """Propose a mapping.yml that loads an export unedited. Only --write saves it."""
    from orchestration.core.errors import LandingError
    from orchestration.dbt_runner.contract_files import generic_contracts
    from orchestration.landing.advice.proposals import propose_mapping

    found = propose_mapping(file, generic_contracts(), object_name)
    if write:
        target = file.with_name("mapping.yml")
        if target.exists():
            raise LandingError(f"{target} already exists. Move it away, or compare it with the proposal.")
        target.write_text(found.text, encoding="utf-8")
    print_json(found) if json else typer.echo(found.text, nl=False)


@app.command()
def requeue(
    batch: What,
    home: Home = None,
    landing: Landing = None,
    out: Annotated[Path | None, typer.Option(help="Output file. Default: a file in <home>/to_fix.")] = None,
    json: Json = False,
) -> None:
    """Write the rejected rows to a file that you fix and land, or retry an unchanged refused file."""
    settings = _with_files(home, landing)
    with guarded(settings):
        from orchestration.landing.requeue import requeue as queue_again

        done = queue_again(settings, batch, out)
        print_json(done) if json else typer.echo(done.message)
