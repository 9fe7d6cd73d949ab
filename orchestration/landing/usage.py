"""Aggregates of usage events, so that dbt and daily runs do not read events one by one.

Each batch of events is aggregated once. Its aggregates are Parquet files in a folder beside it:

- ids: two hashes per event, which find the events that several batches contain
- session_parts: stretches of events of a user on one day, without a gap that ends a session
- event_weeks: counts by account, event name and week

The name of a file is a hash of everything that decides its content, so a lost file is made again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import duckdb

from orchestration.core.database import quote_literal
from orchestration.core.files import atomic_replace
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.dbt_runner.pseudonyms import masked_sql, pseudonym_sql, published_sql
from orchestration.landing.batches import Batch
from orchestration.landing.reading_policies import ReadingPolicies

FOLDER = "aggregates"
"""Name of the folder beside the batches."""

_LABELS = {"source_system": "varchar", "account_id": "varchar"}
_ORIGIN = {"_batch_id": "varchar", "_loaded_at": "timestamp"}
AGGREGATES: Mapping[str, Mapping[str, str]] = {
    "session_parts": {
        **_LABELS,
        "user_id": "varchar",
        "occurred_on": "date",
        "started_at": "timestamp",
        "ended_at": "timestamp",
        "events": "bigint",
        **_ORIGIN,
    },
    "event_weeks": {
        **_LABELS,
        "event_name": "varchar",
        "week": "date",
        "is_counted": "boolean",
        "first_at": "timestamp",
        "last_at": "timestamp",
        "events": "bigint",
        "events_without_user": "bigint",
        "events_of_ignored_users": "bigint",
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


def create_usage_relations(
    connection: duckdb.DuckDBPyConnection, objects: Iterable[EventBatches], policies: ReadingPolicies
) -> None:
    """Create or replace the views `raw.usage__*` of the aggregates of all batches. Missing ones are made."""
    queries: dict[str, list[str]] = {name: [] for name in AGGREGATES}
    for events in objects:
        if events.batches:
            for name, files in _Aggregator(connection, events, policies).files().items():
                queries[name].append(_published(name, files, events))
    for name, columns in AGGREGATES.items():
        empty = ", ".join(f"cast(null as {kind}) as {column}" for column, kind in columns.items())
        query = " union all ".join(queries[name]) or f"select {empty} where false"
        connection.execute(f"create or replace view raw.usage__{name} as {query}")


def aggregate_files(raw: Path) -> list[Path]:
    """Return all aggregates below the folder of the raw batches. A run makes those again that it needs."""
    return sorted(raw.glob(f"*/*/{FOLDER}/*"))


def _published(name: str, files: Sequence[Path], events: EventBatches) -> str:
    """Return SQL of aggregates without addresses in account ids and event names."""
    columns = {column: column for column in AGGREGATES[name]}
    columns["source_system"] = quote_literal(events.contract.source)
    if any(batch.address_columns for batch in events.batches):
        columns["account_id"] = published_sql("account_id", pseudonym_sql("account_id"))
        if "event_name" in columns:
            columns["event_name"] = masked_sql("event_name")
    selected = ", ".join(f"{sql} as {column}" for column, sql in columns.items())
    return f"select {selected} from {_read(files)}"


class _Aggregator:
    """Finds or makes the aggregates of one object."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, events: EventBatches, policies: ReadingPolicies
    ) -> None:
        self._connection, self._events, self._policies = connection, events, policies
        self._folder = events.batches[0].path.parent / FOLDER
        self._key = (_code(), str(events.contract.usage), policies.timezone)

    def files(self) -> dict[str, list[Path]]:
        """Return the files of each aggregate, one per batch."""
        copies = self._copies()
        found = {batch.batch_id: self._of_batch(batch, copies) for batch in self._events.batches}
        for batch in self._beyond(found):
            found[batch.batch_id] = self._of_batch(batch, copies, cut=True)
        return {name: [paths[name] for paths in found.values()] for name in AGGREGATES}

    def _of_batch(self, batch: Batch, copies: _Copies, *, cut: bool = False) -> dict[str, Path]:
        """Return the files of a batch by aggregate. With `cut`, no row has events before and after as_of."""
        until = self._policies.as_of if cut else None
        policies = self._policies
        rules = (policies.session_gap_minutes, policies.uncounted_events, policies.ignored_users)
        key = (*self._key, *rules, copies.digests.get(batch.batch_id), until)
        paths = {name: self._path(batch.batch_id, name, key) for name in AGGREGATES}
        if not all(_is_there(path) for path in paths.values()):
            events = self._classified(self._events_of(batch, copies), until)
            origin = (
                f"{quote_literal(batch.batch_id)} as _batch_id, timestamp '{_naive(batch)}' as _loaded_at"
            )
            parts = _session_parts(events, policies.session_gap_minutes, origin)
            self._write(parts, paths["session_parts"])
            self._write(_event_weeks(events, origin), paths["event_weeks"])
        return paths

    def _classified(self, events: str, until: datetime | None) -> str:
        """Return SQL of events with their day, whether they count, and whether they lie before `until`."""
        user = published_sql("user_id", pseudonym_sql("user_id"))
        day = _local("occurred_at", self._policies.timezone)
        known = "true" if until is None else f"occurred_at <= timestamp '{until}'"
        return (
            f"select *, cast({day} as date) as day, not is_ignored and not "
            f"{_is_among('event_name', self._policies.uncounted_events)} as is_counted from ("
            f"select *, {_is_among(user, self._policies.ignored_users)} as is_ignored, "
            f"{known} as is_known from ({events}))"
        )

    def _beyond(self, found: Mapping[str, Mapping[str, Path]]) -> list[Batch]:
        """Return the batches with a row that has events before and after as_of."""
        if self._policies.as_of is None:
            return []
        as_of = f"timestamp '{self._policies.as_of}'"
        parts, weeks = (_read([paths[name] for paths in found.values()]) for name in AGGREGATES)
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
        """Return SQL of the delivered rows with the hash of their event, and a rank among its copies.

        A copy that names the user comes first. Equal ranks are equal copies.
        """
        usage = self._events.contract.usage
        assert usage is not None
        return (
            "select account_id, user_id, event_name, occurred_at, "
            "hash(event_id, account_id, occurred_at) as event_key, "
            "(cast(user_id is null as ubigint) << 63) | (hash(user_id, event_name) >> 1) as rank from ("
            f"select {usage.event_id} as event_id, {usage.account_id} as account_id, "
            f"{usage.user_id} as user_id, {usage.event_name} as event_name, "
            f"{usage.occurred_at} as occurred_at from ({self._events.read(batch)}) where {usage.where}"
            ") where occurred_at is not null"
        )

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


def _session_parts(events: str, gap: int, origin: str) -> str:
    """Return SQL with one row per user, day and stretch of counted events at most `gap` minutes apart.

    Events without a user make one row per account and day.
    """
    day = "partition by account_id, user_id, day, is_known order by occurred_at"
    is_new = f"user_id is not null and occurred_at > lag(occurred_at) over ({day}) + interval {gap} minute"
    return (
        f"with stretches as (select *, sum(cast(is_new as integer)) over ({day} rows unbounded preceding) "
        f"as number from (select *, coalesce({is_new}, false) as is_new from ({events}) where is_counted)) "
        "select account_id, user_id, day as occurred_on, min(occurred_at) as started_at, "
        f"max(occurred_at) as ended_at, count(*) as events, {origin} "
        "from stretches group by account_id, user_id, day, is_known, number"
    )


def _event_weeks(events: str, origin: str) -> str:
    """Return SQL with one row per account, event name and week that begins on Monday."""
    return (
        "select account_id, event_name, cast(date_trunc('week', day) as date) as week, is_counted, "
        "min(occurred_at) as first_at, max(occurred_at) as last_at, count(*) as events, "
        "count(*) filter (user_id is null) as events_without_user, "
        f"count(*) filter (is_ignored) as events_of_ignored_users, {origin} "
        f"from ({events}) group by account_id, event_name, date_trunc('week', day), is_counted, is_known"
    )


def _is_among(sql: str, values: Sequence[str]) -> str:
    listed = ", ".join(quote_literal(value) for value in values)
    return f"coalesce({sql} in ({listed}), false)" if values else "false"


def _local(instant: str, zone: str) -> str:
    return instant if zone == "UTC" else f"timezone({quote_literal(zone)}, timezone('UTC', {instant}))"


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
    for name in ("usage.py", "relations.py"):
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()
