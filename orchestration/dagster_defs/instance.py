"""Dagster's own records of a warehouse, below its home: where they are, and how they reach the disk."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.core.files import write_text
from orchestration.core.settings import Settings

if TYPE_CHECKING:
    import dagster as dg
    from sqlalchemy.engine import Engine

_KEPT_OPEN = 32
_kept: dict[str, sqlite3.Connection] = {}
_changing = threading.Lock()


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance of this warehouse; the same that `make dev` shows."""
    import dagster as dg

    spare_the_disk()
    prepare_instance(settings)
    return dg.DagsterInstance.from_config(str(settings.dagster))


def prepare_instance(settings: Settings) -> None:
    """Make Dagster's folder, with the project's settings; a copy that nobody edited follows the project."""
    settings.dagster.mkdir(parents=True, exist_ok=True)
    shipped = Path(__file__).with_name("dagster.yaml").read_text(encoding="utf-8")
    target, copied = settings.dagster / "dagster.yaml", settings.dagster / ".dagster.yaml.copied"
    if target.exists():
        is_ours = copied.exists() and copied.read_text(encoding="utf-8") == target.read_text(encoding="utf-8")
        if not is_ours or target.read_text(encoding="utf-8") == shipped:
            return
    for path in (copied, target):
        write_text(path, shipped)


@cache
def spare_the_disk() -> None:
    """Let Dagster's records of this process reach the disk when it suits, in the order they were written.

    Each of a run's thousand events is a transaction of its own, and waiting for the disk after each would
    take longer than the whole build. What a power failure could cost are the last records of runs, never a
    release, nor the database that holds them.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def relax(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma synchronous = normal")
            _keep_open(connection)

    event.listen(Engine, "connect", relax)
    _reuse_engines()


def _reuse_engines() -> None:
    """Let Dagster write all events of a run on one connection, not each of them on up to five new ones.

    `SqliteEventLogStorage` makes an engine for each transaction and has no setting for it; that took a
    quarter of the time of a small run. A transaction at a time uses the connection, as before.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from sqlalchemy import create_engine

    @lru_cache(maxsize=_KEPT_OPEN)
    def kept(url: str, timeout: int) -> Engine:
        arguments = {"timeout": timeout, "check_same_thread": False}
        engine = create_engine(url, pool_use_lifo=True, connect_args=arguments)
        # Dagster disposes of the engine after each transaction.
        vars(engine)["dispose"] = lambda: None
        return engine

    def engine_for(url: str, *, connect_args: Mapping[str, int], **_: object) -> Engine:
        return kept(url, connect_args["timeout"])

    vars(sqlite_event_log)["create_engine"] = engine_for


def _keep_open(connection: sqlite3.Connection) -> None:
    """Open the same database once more, and leave it open.

    Dagster opens and closes it for each transaction, and whoever is the last to close it waits for the disk.
    """
    path = str(connection.execute("pragma database_list").fetchone()[2])
    (mode,) = connection.execute("pragma journal_mode").fetchone()
    with _changing:
        if path in _kept or mode != "wal":
            return
        while len(_kept) >= _KEPT_OPEN:
            _kept.pop(next(iter(_kept))).close()
        kept = sqlite3.connect(path, check_same_thread=False)
        # A connection that has read nothing has not opened anything yet.
        kept.execute("select count(*) from sqlite_master").fetchone()
        _kept[path] = kept
