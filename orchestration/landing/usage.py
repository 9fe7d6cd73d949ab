"""Aggregates of usage events, so that dbt and daily runs do not read events one by one.

Each batch of events is aggregated once. Its aggregates are Parquet files in a folder beside it:

- ids: two hashes per event, which find the events that several batches contain
- session_parts: stretches of events of a user on one day, without a gap that ends a session
- event_weeks: counts by account, event name and week; of a tracking system also by person
- ties: what a tracking system says about persons: the user behind a key, the user's address and group

The name of a file is a hash of everything that decides its content, so a lost file is made again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from orchestration.core.database import quote_literal
from orchestration.core.files import atomic_replace
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.dbt_runner.pseudonyms import masked_sql, pseudonym_sql, published_sql
from orchestration.landing.batches import Batch
from orchestration.landing.reading_policies import ReadingPolicies
from orchestration.landing.usage_sql import (
    classified_sql,
    event_weeks_sql,
    identified_sql,
    session_parts_sql,
    ties_sql,
)

FOLDER = "aggregates"
"""Name of the folder beside the batches."""

_LABELS = {"source_system": "varchar", "account_id": "varchar"}
_PERSON = {"user_id": "varchar", "visitor_id": "varchar"}
_ORIGIN = {"_batch_id": "varchar", "_loaded_at": "timestamp"}
AGGREGATES: Mapping[str, Mapping[str, str]] = {
    "session_parts": {
        **_LABELS,
        **_PERSON,
        "occurred_on": "date",
        "started_at": "timestamp",
        "ended_at": "timestamp",
        "events": "bigint",
        **_ORIGIN,
    },
    "event_weeks": {
        **_LABELS,
        **_PERSON,
        "event_name": "varchar",
        "week": "date",
        "is_counted": "boolean",
        "first_at": "timestamp",
        "last_at": "timestamp",
        "events": "bigint",
        "events_without_user": "bigint",
        "events_of_ignored_users": "bigint",
        "events_after_receipt": "bigint",
        **_ORIGIN,
    },
    "ties": {
        "source_system": "varchar",
        **_PERSON,
        "email": "varchar",
        "group_id": "varchar",
        "group_domain": "varchar",
        "precedence": "bigint",
        "first_at": "timestamp",
        "calls": "bigint",
        **_ORIGIN,
    },
}
"""Columns of the relations `raw.usage__<aggregate>`, with their types."""


@dataclass(frozen=True)
class EventBatches:
    """The accepted batches of one object with usage events, in load order."""

    contract: LandingObject
    batches: Sequence[Batch]
    read: Callable[[Batch], str]
    """Returns SQL of a batch's rows, with the meaning that the policies give them."""
    parents: tuple[str, ...] = ()
    """Batches of another object that complete the rows."""


def create_usage_relations(
    connection: duckdb.DuckDBPyConnection, objects: Iterable[EventBatches], policies: ReadingPolicies
) -> None:
    """Create or replace the views `raw.usage__*` of the aggregates of all batches. Missing ones are made."""
    queries: dict[str, list[str]] = {name: [] for name in AGGREGATES}
    for events in objects:
        if events.batches:
            for name, files in _Aggregator(connection, events, policies).files().items():
                queries[name].append(published_usage(name, _read(files), events.contract, events.batches))
    for name in AGGREGATES:
        query = all_usage(name, queries[name])
        connection.execute(f"create or replace view raw.usage__{name} as {query}")


def aggregate_files(raw: Path) -> list[Path]:
    """Return all aggregates below the folder of the raw batches. A run makes those again that it needs."""
    return sorted(raw.glob(f"*/*/{FOLDER}/*"))


def all_usage(name: str, queries: Sequence[str]) -> str:
    """Return SQL of an aggregate of all objects; without any, it has its columns and no row."""
    empty = ", ".join(f"cast(null as {kind}) as {column}" for column, kind in AGGREGATES[name].items())
    return " union all ".join(queries) or f"select {empty} where false"


def published_usage(name: str, source: str, contract: LandingObject, batches: Sequence[Batch]) -> str:
    """Return SQL of aggregates without addresses in account ids and event names."""
    columns = {column: column for column in AGGREGATES[name]}
    columns["source_system"] = quote_literal(contract.source)
    if any(batch.address_columns for batch in batches):
        for key in columns.keys() & {"account_id", "group_id"}:
            columns[key] = published_sql(key, pseudonym_sql(key))
        if "event_name" in columns:
            columns["event_name"] = masked_sql("event_name")
    selected = ", ".join(f"{sql} as {column}" for column, sql in columns.items())
    return f"select {selected} from {source}"


class _Aggregator:
    """Finds or makes the aggregates of one object."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, events: EventBatches, policies: ReadingPolicies
    ) -> None:
        self._connection, self._events, self._policies = connection, events, policies
        self._folder = events.batches[0].path.parent / FOLDER
        assert events.contract.usage is not None
        self._usage = events.contract.usage
        self._names = [name for name in AGGREGATES if name != "ties" or self._usage.ties]
        self._key = (_code(), str(self._usage), policies.timezone, *events.parents)

    def files(self) -> dict[str, list[Path]]:
        """Return the files of each aggregate, one per batch."""
        copies = self._copies()
        found = {batch.batch_id: self._of_batch(batch, copies) for batch in self._events.batches}
        for batch in self._beyond(found):
            found[batch.batch_id] = self._of_batch(batch, copies, cut=True)
        return {name: [paths[name] for paths in found.values()] for name in self._names}

    def _of_batch(self, batch: Batch, copies: _Copies, *, cut: bool = False) -> dict[str, Path]:
        """Return the files of a batch by aggregate. With `cut`, no row has events before and after as_of."""
        until = self._policies.as_of if cut else None
        policies = self._policies
        rules = (policies.session_gap_minutes, policies.uncounted_events, policies.ignored_users)
        listed = policies.listed_events if self._usage.only_listed != "false" else None
        key = (*self._key, *rules, listed, copies.digests.get(batch.batch_id), until)
        paths = {name: self._path(batch.batch_id, name, key) for name in self._names}
        if not all(_is_there(path) for path in paths.values()):
            events = classified_sql(self._events_of(batch, copies), policies, until)
            origin = (
                f"{quote_literal(batch.batch_id)} as _batch_id, timestamp '{_naive(batch)}' as _loaded_at"
            )
            gap, ties = policies.session_gap_minutes, self._usage.ties
            self._write(session_parts_sql(events, gap, origin), paths["session_parts"])
            self._write(event_weeks_sql(events, ties, origin), paths["event_weeks"])
            if ties:
                self._write(ties_sql(events, ties, origin), paths["ties"])
        return paths

    def _beyond(self, found: Mapping[str, Mapping[str, Path]]) -> list[Batch]:
        """Return the batches with a row that has events before and after as_of."""
        if self._policies.as_of is None:
            return []
        as_of = f"timestamp '{self._policies.as_of}'"
        names = ("session_parts", "event_weeks")
        parts, weeks = (_read([paths[name] for paths in found.values()]) for name in names)
        rows = self._connection.execute(
            f"select _batch_id from {parts} where started_at <= {as_of} and ended_at > {as_of} "
            f"union select _batch_id from {weeks} where first_at <= {as_of} and last_at > {as_of}"
        ).fetchall()
        return [batch for batch in self._events.batches if (batch.batch_id,) in rows]

    def _events_of(self, batch: Batch, copies: _Copies) -> str:
        """Return SQL of the events of a batch. Each event is once in it, and in no other batch."""
        rows = self._identified(batch)
        if copies.path is not None and batch.batch_id in copies.digests:
            theirs = f"select event_key from {_read([copies.path])} where batch_id = "
            rows += f" and event_key not in ({theirs}{quote_literal(batch.batch_id)})"
        ids = _read([self._ids(batch)])
        row = self._connection.execute(f"select count(*) from {ids}").fetchone()
        if row == (batch.rows_loaded,):
            return rows
        repeated = f"select event_key from ({rows}) group by event_key having count(*) > 1"
        return (
            f"select * from ({rows}) where event_key not in ({repeated}) union all "
            f"select * from ({rows}) where event_key in ({repeated}) "
            "qualify row_number() over (partition by event_key order by rank) = 1"
        )

    def _identified(self, batch: Batch) -> str:
        """Return SQL of the delivered rows with the hash of their event, and a rank among its copies."""
        return identified_sql(self._usage, self._events.contract.told_apart_by, self._events.read(batch))

    def _ids(self, batch: Batch) -> Path:
        """Return the file with the hash and the best rank of every event of a batch."""
        path = self._path(batch.batch_id, "ids", self._key)
        if not _is_there(path):
            rows = f"select event_key, min(rank) as rank from ({self._identified(batch)}) group by event_key"
            self._write(f"{rows} order by event_key", path)
        return path

    def _copies(self) -> _Copies:
        """Find the events of several batches. The copy with the lowest rank counts, else the first one.

        The result is a file too, because a run asks several times.
        """
        batches = self._events.batches
        ids = [self._ids(batch) for batch in batches]
        if len(batches) == 1:
            return _Copies(None, {})
        path = self._path("all", "copies", tuple(file.name for file in ids))
        if not _is_there(path):
            places = ", ".join(
                f"({quote_literal(file)}, {place}, {quote_literal(batch.batch_id)})"
                for place, (file, batch) in enumerate(zip(ids, batches, strict=True))
            )
            self._write(
                f"with ids as (select * from {_read(ids, filename=True)}), "
                "shared as (select event_key from ids group by event_key having count(*) > 1) "
                "select batch_id, event_key from ids semi join shared using (event_key) "
                f"inner join (values {places}) as files(filename, place, batch_id) using (filename) "
                "qualify row_number() over (partition by event_key order by rank, place) > 1",
                path,
            )
        rows = self._connection.execute(
            "select batch_id, printf('%d-%d-%s', count(*), bit_xor(event_key), sum(event_key)::varchar) "
            f"from {_read([path])} group by batch_id"
        ).fetchall()
        return _Copies(path, dict(rows))

    def _path(self, batch_id: str, name: str, key: tuple[object, ...]) -> Path:
        digest = hashlib.sha256(repr((batch_id, name, key)).encode()).hexdigest()[:16]
        return self._folder / f"{batch_id[:16]}.{name}.{digest}.parquet"

    def _write(self, query: str, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        self._connection.execute(
            f"copy ({query}) to {quote_literal(temporary)} (format parquet, compression zstd)"
        )
        atomic_replace(temporary, path)


@dataclass(frozen=True)
class _Copies:
    """Events that count in another batch."""

    path: Path | None
    """A file with batch_id and event_key; None if there is only one batch."""
    digests: Mapping[str, str]
    """Digest of these events, by batch; batches without them are missing."""


def _naive(batch: Batch) -> str:
    return batch.loaded_at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def _read(files: Sequence[Path], *, filename: bool = False) -> str:
    listed = ", ".join(quote_literal(file) for file in files)
    return f"read_parquet([{listed}]{', filename = true' if filename else ''})"


def _is_there(path: Path) -> bool:
    """Return whether the file exists, and note its use for `csw gc`."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    except PermissionError:  # a reader of another user
        return path.is_file()
    return True


@cache
def _code() -> str:
    """Return a digest of the code that makes aggregates."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    for name in ("usage.py", "usage_sql.py", "relations.py"):
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()
