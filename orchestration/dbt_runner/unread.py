"""Lets dbt leave unread what a run does not need. dbt itself reads and renders even disabled models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def unread(folders: Iterable[str], *, unit_tests: bool) -> Iterator[None]:
    """Let dbt ignore `folders`, which are relative to the project, and with `unit_tests` all unit tests.

    dbt has no option for that. It reads `.dbtignore` only in the project, where it would hold for every
    warehouse. So this replaces two functions of dbt while it parses.
    """
    from dbt.parser import read_files
    from dbt.parser.schemas import ParseResult
    from dbt.parser.unit_tests import UnitTestParser
    from pathspec import PathSpec

    listed: Callable[[str], PathSpec | None] = read_files.generate_dbt_ignore_spec
    more = PathSpec.from_lines("gitwildmatch", [f"/{folder}/" for folder in folders])

    def ignored(project_root: str) -> PathSpec:
        in_file = listed(project_root)
        return more if in_file is None else in_file + more

    with ExitStack() as stack:
        stack.enter_context(_replaced(read_files, "generate_dbt_ignore_spec", ignored))
        if unit_tests:
            stack.enter_context(_replaced(UnitTestParser, "parse", lambda _: ParseResult()))
        yield


@contextmanager
def _replaced(owner: Any, name: str, by: Any) -> Iterator[None]:
    original = getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        setattr(owner, name, original)
