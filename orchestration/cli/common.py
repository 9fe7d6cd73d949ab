"""Shared parts of all commands: options, JSON output and error output."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
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
    typer.Option(
        envvar="CSW_LANDING", help="Folder with the raw files, never changed. Default: <home>/landing."
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        envvar="CSW_AS_OF",
        help="Ignore everything after this time (UTC) or day (in reporting_timezone). Default: now.",
    ),
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        envvar="CSW_KNOWN_AT",
        help="Read only files loaded by this date or time. Default: all files.",
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        envvar="CSW_ENGINE",
        help="duckdb or spark. Default: that of the releases in the home, else duckdb.",
    ),
]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        help="Policy for this run only, as name=value; repeatable. CSW_POLICIES sets permanent policies.",
    ),
]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", help='Accept a finding that breaks a limit, as "name: reason"; repeatable.'),
]
AcceptSchemaChange = Annotated[
    bool, typer.Option("--accept-schema-change", help="Accept removed columns and changed column types.")
]
Json = Annotated[bool, typer.Option("--json", help="Print only one JSON document on standard output.")]

UNEXPECTED = 2


class Format(StrEnum):
    """How `csw query` prints a result."""

    TABLE = "table"
    VERTICAL = "vertical"
    CSV = "csv"
    SPREADSHEET = "spreadsheet"
    JSON = "json"


def acceptances(pairs: list[str] | None, schema_change: bool) -> dict[str, str]:
    """Return the findings that --accept and --accept-schema-change accept, by name."""
    from orchestration.releases.acceptance import parse_acceptances

    return parse_acceptances(pairs or [], schema_change=schema_change)


def print_json(document: Any) -> None:
    """Print a JSON document."""
    sys.stdout.write(json_text(document) + "\n")


def fail(kind: str, message: str, exit_code: int) -> None:
    """Print an error on standard error and, with --json, as the document on standard output."""
    print(f"error: {message}", file=sys.stderr)
    if _json_is_wanted(sys.argv[1:]):
        print_json({"error": kind, "message": message, "exit_code": exit_code})


def _json_is_wanted(arguments: Sequence[str]) -> bool:
    return bool({"--json", "--format=json"} & set(arguments)) or ("--format", "json") in pairwise(arguments)


@contextmanager
def guarded(settings: Settings) -> Iterator[None]:
    """Save the traceback of an unexpected error to a file and print its path. Explain a full disk."""
    try:
        yield
    except (CswError, typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if disk_error := disk_trouble(error, settings.home):
            raise disk_error from None
        path = settings.home / "logs" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-error.log"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(traceback.format_exc(), encoding="utf-8")
            where = f"The details are in {path}."
        except OSError:
            where = "The details could not be saved, because the home is not writable."
        first = (str(error).strip().splitlines() or [""])[0][:300]
        fail("UnexpectedError", f"unexpected {type(error).__name__}: {first}\n{where}", UNEXPECTED)
        raise typer.Exit(UNEXPECTED) from None
