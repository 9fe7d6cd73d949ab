"""`csw extract`: fetch the records of a system into the landing folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.common import Home, Json, guarded, print_json
from orchestration.core.errors import SettingsError
from orchestration.core.settings import load_settings, require_duckdb
from orchestration.core.wording import count

if TYPE_CHECKING:
    from orchestration.extract.extractor import Extracted


def register(app: typer.Typer) -> None:
    """Add `csw extract`."""
    app.command()(extract)


def extract(
    system: Annotated[str, typer.Argument(help="stripe, hubspot or typeform.")],
    objects: Annotated[
        list[str] | None,
        typer.Option("--object", help="Fetch only this object, such as invoices; repeatable."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Fetch and land everything again, not only what is new or changed.")
    ] = False,
    home: Home = None,
    landing: Annotated[
        Path | None,
        typer.Option(envvar="CSW_LANDING", help="Folder that gets the files. Default: <home>/landing."),
    ] = None,
    json: Json = False,
) -> None:
    """Fetch what is new or changed in Stripe, HubSpot or Typeform into the landing folder.

    The key comes from CSW_STRIPE_KEY, CSW_HUBSPOT_KEY or CSW_TYPEFORM_KEY. An extract that was interrupted
    continues where it stopped. docs/connectors/extract.md explains the details.
    """
    settings = load_settings(home, landing)
    require_duckdb(settings, "csw extract", "Let a loader write tables, and name them in `raw_tables`.")
    with guarded(settings):
        from orchestration.core.console import progress_on_console
        from orchestration.extract.systems import load_system

        load_system(system)
        if find_spec("dlt") is None:
            raise SettingsError(
                "csw extract needs dlt, which is not installed: run `make setup-extract`, or install "
                "requirements-extract.lock into the environment of csw."
            )
        from orchestration.extract.extractor import extract as fetch

        with progress_on_console():
            done = fetch(settings, system, objects or (), full=full, environment=os.environ)
        print_json({"objects": done}) if json else typer.echo("\n".join(_lines(done)))


def _lines(done: Sequence[Extracted]) -> list[str]:
    width = max(len(one.object) for one in done)
    lines = [
        f"{one.object:<{width}}  {one.read:>9,} read  {one.written:>9,} new or changed  {one.file or ''}"
        for one in done
    ]
    written = sum(one.written for one in done)
    ending = "`csw run` loads them." if written else "There is nothing to load."
    return [*map(str.rstrip, lines), f"{count(written, 'record is', 'records are')} new or changed. {ending}"]
