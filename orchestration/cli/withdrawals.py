"""`csw landing withdraw` and `csw landing restore`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli.common import Home, Json, guarded, print_json
from orchestration.core.settings import load_settings, require_duckdb

File = Annotated[
    str,
    typer.Argument(help="Loaded file: file name, source/object/name, or batch id (or the start of it)."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to `csw landing`."""
    for command in (withdraw, restore):
        app.command()(command)


def withdraw(
    file: File,
    reason: Annotated[str, typer.Option(help="Why the file is wrong. The log keeps this text.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Take back a wrong file: later runs ignore its rows. The file stays on disk."""
    settings = load_settings(home)
    require_duckdb(settings, "csw landing", "Correct the rows in the table that the loader wrote.")
    with guarded(settings):
        from orchestration.landing.withdrawing import withdraw as take_back

        done = take_back(settings, file, reason)
        print_json(done) if json else typer.echo(done.message)


def restore(
    file: File,
    reason: Annotated[str, typer.Option(help="Why the file is right. The log keeps this text.")] = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Restore a withdrawn file: the next run reads its rows again."""
    settings = load_settings(home)
    require_duckdb(settings, "csw landing", "Correct the rows in the table that the loader wrote.")
    with guarded(settings):
        from orchestration.landing.withdrawing import restore as bring_back

        done = bring_back(settings, file, reason)
        print_json(done) if json else typer.echo(done.message)
