"""What all commands share: options, one way to print for machines, one way to fail."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.core.disk import disk_trouble
from orchestration.core.errors import CswError
from orchestration.core.serialization import json_text
from orchestration.core.settings import Settings

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
    typer.Option(
        envvar="CSW_AS_OF",
        help="Nothing after this counts: a time (UTC), or a day of reporting_timezone. Default: now.",
    ),
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        envvar="CSW_KNOWN_AT",
        help="Read only what had been loaded by this date or time. Default: everything.",
    ),
]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        help="name=value of a policy, for this run alone; may be repeated. CSW_POLICIES sets them for good.",
    ),
]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", help='"name: reason" of a finding that breaks a limit; may be repeated.'),
]
AcceptSchemaChange = Annotated[
    bool, typer.Option("--accept-schema-change", help="Columns of the release before may go or change type.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")]

UNEXPECTED = 2


def acceptances(pairs: list[str] | None, schema_change: bool) -> dict[str, str]:
    """What --accept and --accept-schema-change accept, by name."""
    from orchestration.releases.acceptance import parse_acceptances

    return parse_acceptances(pairs or [], schema_change=schema_change)


def say(document: Any) -> None:
    """Print a JSON document."""
    sys.stdout.write(json_text(document) + "\n")


def fail(kind: str, message: str, exit_code: int) -> None:
    """Tell what went wrong on standard error and, with --json, as the document on standard output."""
    print(f"error: {message}", file=sys.stderr)
    if "--json" in sys.argv[1:]:
        say({"error": kind, "message": message, "exit_code": exit_code})


@contextmanager
def guarded(settings: Settings) -> Iterator[None]:
    """Keep the traceback of an unexpected error in a file, and say where it is; tell of a full disk."""
    try:
        yield
    except (CswError, typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if told := disk_trouble(error, settings.home):
            raise told from None
        path = settings.home / "logs" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-error.log"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(traceback.format_exc(), encoding="utf-8")
            where = f"The details are in {path}."
        except OSError:
            where = "Its details could not be written, as the home is not writable."
        first = (str(error).strip().splitlines() or [""])[0][:300]
        fail("UnexpectedError", f"unexpected {type(error).__name__}: {first}\n{where}", UNEXPECTED)
        raise typer.Exit(UNEXPECTED) from None
