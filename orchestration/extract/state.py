"""What was extracted so far: a small database for each system, beside the warehouse's other files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from orchestration.extract.errors import ExtractError

_TABLES = """
create table if not exists passes (object text primary key, pass text not null);
create table if not exists cursors (
    object text, step text, read_until integer not null, primary key (object, step)
);
create table if not exists records (
    object text, key text, digest blob not null, pass integer not null, primary key (object, key)
) without rowid;
"""


@dataclass
class Pass:
    """One reading of an object, from its first request to its landed file. It survives the process."""

    started: int
    """Epoch microseconds; also the number of the pass."""
    is_full: bool
    since: int | None
    """Epoch seconds; a pass that is not full reads what happened from then on."""
    is_repeated: bool = False
    """The user asked to land everything again."""
    done: list[str] = field(default_factory=list)
    """Names of the finished steps."""
    step: str | None = None
    """The step that was interrupted after a page."""
    next_params: dict[str, Any] | None = None
    """Parameters of the step's next request."""
    bytes: int = 0
    """Length of the unfinished file after the last whole page."""
    read: int = 0
    written: int = 0
    file: str | None = None
    """Name of the landed file, set before the file appears."""


class State:
    """The state of one system. A page and everything known about it are saved in one transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            raise ExtractError(
                f"The state of the extract, {path}, cannot be read ({error}). If the file is damaged, "
                "remove it: the next extract then reads everything again."
            ) from None

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Save everything that happens in the block, or nothing."""
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def unfinished(self, name: str) -> Pass | None:
        """Return the pass of an object that an earlier process did not finish."""
        found = self._connection.execute("select pass from passes where object = ?", [name]).fetchone()
        return Pass(**json.loads(found[0])) if found else None

    def save(self, name: str, current: Pass) -> None:
        text = json.dumps(asdict(current))
        self._connection.execute("insert or replace into passes values (?, ?)", [name, text])

    def finish(self, name: str, current: Pass) -> None:
        """Remember that everything before the start of the pass is read, in each of its steps."""
        seconds = current.started // 1_000_000
        rows = [(name, step, seconds) for step in ("", *current.done)]
        self._connection.executemany("insert or replace into cursors values (?, ?, ?)", rows)
        self._connection.execute("delete from passes where object = ?", [name])

    def forget(self, name: str, current: Pass) -> None:
        """Forget a pass and the records that it met, so that a new pass writes them again."""
        self._connection.execute("delete from passes where object = ?", [name])
        self._connection.execute("delete from records where object = ? and pass = ?", [name, current.started])

    def forget_object(self, name: str) -> None:
        for table in ("passes", "cursors", "records"):
            self._connection.execute(f"delete from {table} where object = ?", [name])

    def cursor(self, name: str, step: str = "") -> int | None:
        """Return the epoch second until which an object, or one step of it, was read."""
        found = self._connection.execute(
            "select read_until from cursors where object = ? and step = ?", [name, step]
        ).fetchone()
        return int(found[0]) if found else None

    def was_met(self, name: str, key: str, current: Pass) -> bool:
        """Return whether this pass has read the record already."""
        found = self._connection.execute(
            "select pass from records where object = ? and key = ?", [name, key]
        ).fetchone()
        return found is not None and found[0] == current.started

    def is_news(self, name: str, key: str, digest: bytes, current: Pass) -> bool:
        """Remember a record; return whether it is new or differs from what was written before."""
        found = self._connection.execute(
            "select digest from records where object = ? and key = ?", [name, key]
        ).fetchone()
        self._connection.execute(
            "insert or replace into records values (?, ?, ?, ?)", [name, key, digest, current.started]
        )
        return found is None or found[0] != digest
