"""The event log of Dagster: its SQLite storage with one connection per database and messages for users."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Self

import dagster as dg
from dagster._core.events import JobFailureData
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine, event, inspect
from sqlalchemy.engine import Connection, Engine

_KEPT = 32
"""Number of databases that stay open: the index of all runs, and those of the latest runs."""
_INDEX = "index"
_TIMEOUT_SECONDS = 30


class SharedConnectionEventLog(SqliteEventLogStorage):
    """Dagster's storage, without opening and closing a database up to five times per event.

    dagster.yaml names it. The last close of a database waits for the disk. Here databases stay open, and a
    commit does not wait. A power failure can lose the last records of a run, but never a release.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._using = RLock()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {"dagster_home": dg.StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        # Dagster's default folder.
        return cls(str(Path(config_value["dagster_home"]) / "history" / "runs"), inst_data)

    def store_event(self, event: dg.EventLogEntry) -> None:
        found = event.dagster_event
        super().store_event(event._replace(dagster_event=without_stack(found)) if found else event)

    @contextmanager
    def run_connection(self, run_id: str | None = None) -> Iterator[Connection]:
        assert run_id is not None
        with self._using, self._engine(run_id).connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def index_connection(self) -> Iterator[Connection]:
        with self.run_connection(_INDEX) as connection:
            yield connection

    def has_table(self, table_name: str) -> bool:
        with self.index_connection() as connection:
            return inspect(connection).has_table(table_name)

    def dispose(self) -> None:
        super().dispose()
        while self._engines:
            self._engines.popitem()[1].dispose()

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None)
        if engine is None:
            # Creates the database if it does not exist.
            with super().run_connection(shard):
                pass
            engine = create_engine(
                self.conn_string_for_shard(shard),
                connect_args={"timeout": _TIMEOUT_SECONDS, "check_same_thread": False},
                pool_use_lifo=True,
            )
            event.listen(engine, "connect", _write_without_waiting)
            while len(self._engines) >= _KEPT:
                self._engines.pop(next(iter(self._engines))).dispose()
        self._engines[shard] = engine
        return engine


def without_stack(event: dg.DagsterEvent) -> dg.DagsterEvent:
    """Return the failure of a step or run with only its message, if it is a `dg.Failure` for users."""
    data = event.event_specific_data
    if isinstance(data, StepFailureData) and data.error and data.user_failure_data:
        error = data.error._replace(message=data.user_failure_data.description or "", stack=[])
        return event._replace(event_specific_data=data._replace(error=error))
    if isinstance(data, JobFailureData) and data.first_step_failure_event:
        first = without_stack(data.first_step_failure_event)
        shown = data._replace(error=first.step_failure_data.error, first_step_failure_event=first)
        return event._replace(event_specific_data=shown)
    return event


def _write_without_waiting(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("pragma synchronous = normal")
