"""`csw landing withdraw` and `restore`: taking a wrong file back, and bringing it back."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli.common import Home, Json, guarded, say
from orchestration.core.settings import load_settings

File = Annotated[
    str,
    typer.Argument(help="File name, source/object/name, or batch id (or its beginning) of a loaded file."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to `csw landing`."""
    for command in (withdraw, restore):
        app.command()(command)


def withdraw(
    file: File,
    reason: Annotated[str, typer.Option(help="Why the file is wrong; it goes on record.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Take a wrong file back: none of its rows counts in a later run. The file stays on disk."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.landing.withdrawing import withdraw as take_back

        done = take_back(settings, file, reason)
        say(done) if json else typer.echo(done.message)


def restore(
    file: File,
    reason: Annotated[str, typer.Option(help="Why it is right after all; it goes on record.")] = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Bring a withdrawn file back: its rows count again in the next run."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.landing.withdrawing import restore as bring_back

        done = bring_back(settings, file, reason)
        say(done) if json else typer.echo(done.message)
