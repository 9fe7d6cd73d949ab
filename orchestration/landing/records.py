"""Landing records as relations in schema `raw`: counts and reasons, without row values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import duckdb

from orchestration.core.database import quote_literal
from orchestration.core.settings import Settings
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.batches import Batch, fixed_batches, quarantine_path
from orchestration.landing.values.repeats import facts_sql

RECORDS: Mapping[str, Mapping[str, str]] = {
    "landing__files": {
        **dict.fromkeys(("batch_id", "source", "object", "file_name", "status", "refusal"), "varchar"),
        **dict.fromkeys(("rows_in", "rows_loaded", "rows_quarantined", "rows_refused"), "bigint"),
        "is_mended": "boolean",
        "loaded_at": "timestamp",
    },
    "landing__row_counts": {
        **dict.fromkeys(("source", "object", "outcome"), "varchar"),
        "row_count": "bigint",
    },
    "landing__remarks": {
        **dict.fromkeys(("batch_id", "source", "object", "kind", "remark"), "varchar"),
        "row_count": "bigint",
    },
    "landing__rows_set_aside": {
        **dict.fromkeys(("batch_id", "source", "object", "kind", "column_name", "reason"), "varchar"),
        **dict.fromkeys(("currency", "interval_unit"), "varchar"),
        "interval_count": "bigint",
        "row_count": "bigint",
        "amount": "decimal(38, 14)",
    },
}
"""The tables `raw.landing__*` and their columns with their types."""

Rows = Callable[[str], Sequence[tuple[Any, ...]]]
"""Returns the rows of a query."""

OUTCOMES = (
    "used", "superseded", "repeated", "conflicting", "quarantined", "refused", "withdrawn", "blank"
)  # fmt: skip
"""The possible outcomes of a delivered row. Blank records are skipped and do not count as rows."""

NOT_KEPT = "the quarantined rows were removed"

_MONEY = ("currency", "interval", "interval_count", "quantity", "unit_amount")


def create_landing_records(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    contracts: Mapping[tuple[str, str], LandingObject],
    batches: Iterable[Batch],
) -> None:
    """Create or replace the tables `raw.landing__*` for these batches. The raw relations must exist.

    The tables contain only the kind of a refusal, because its text can quote the file's first line.
    """
    given = list(batches)
    connection.execute("create schema if not exists raw")
    for table, columns in RECORDS.items():
        listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        connection.execute(f"create or replace table raw.{table} ({listed})")

    def rows(query: str) -> Sequence[tuple[Any, ...]]:
        return connection.execute(query).fetchall()

    _insert(connection, "landing__files", file_rows(given))
    _insert(connection, "landing__row_counts", outcome_rows(count_rows(rows, contracts, given)))
    _insert(connection, "landing__remarks", remark_rows(given))
    fixed = fixed_batches(given)
    for batch in given:
        if batch.status == "withdrawn":
            continue
        if batch.rows_quarantined and batch.batch_id not in fixed:
            path = quarantine_path(settings, batch)
            kept = f"read_parquet({quote_literal(path)})" if path.is_file() else None
            _insert_set_aside(connection, quarantined_sql(batch, kept))
        if batch.rows_conflicting:
            _insert_set_aside(connection, conflicting_sql(contracts[batch.source, batch.object], batch))


def file_rows(batches: Sequence[Batch]) -> list[tuple[object, ...]]:
    """Return the rows of `landing__files`."""
    fixed = fixed_batches(batches)
    return [_file(batch, batch.batch_id in fixed) for batch in batches]


def outcome_rows(counts: Mapping[tuple[str, str], Mapping[str, int]]) -> list[tuple[object, ...]]:
    """Return the rows of `landing__row_counts`."""
    return [(*label, outcome, rows) for label, mine in counts.items() for outcome, rows in mine.items()]


def remark_rows(batches: Sequence[Batch]) -> list[tuple[object, ...]]:
    """Return the rows of `landing__remarks`."""
    fixed = fixed_batches(batches)
    return [
        (
            batch.batch_id,
            batch.source,
            batch.object,
            remark.kind,
            _words(remark.column, remark.text),
            remark.rows,
        )
        for batch in batches
        if batch.status == "accepted" and batch.batch_id not in fixed
        for remark in batch.remarks
        if remark.kind != "wrong"
    ]


def count_rows(
    rows: Rows,
    contracts: Mapping[tuple[str, str], LandingObject],
    batches: Iterable[Batch],
) -> dict[tuple[str, str], dict[str, int]]:
    """Count the rows of every object by outcome. The counts add up to the delivered rows.

    Keys are (source, object). `rows` runs a query on schema `raw`. The raw relations of the accepted
    batches must exist.
    """
    counts: dict[tuple[str, str], dict[str, int]] = {}
    batches = list(batches)
    for batch in batches:
        mine = counts.setdefault((batch.source, batch.object), dict.fromkeys(OUTCOMES, 0))
        if batch.status == "withdrawn":
            mine["withdrawn"] += batch.rows_in
            continue
        mine["superseded"] += batch.rows_loaded - batch.rows_repeated - batch.rows_conflicting
        mine["repeated"] += batch.rows_repeated
        mine["conflicting"] += batch.rows_conflicting
        mine["quarantined"] += batch.rows_quarantined
        mine["refused"] += batch.rows_refused
        mine["blank"] += batch.rows_blank
    events = _count_events(rows, contracts, batches)
    for label, mine in counts.items():
        if label in contracts:
            mine["used"] = events[label] if label in events else rows(facts_sql(contracts[label]))[0][0]
            mine["superseded"] -= mine["used"]
    return counts


def _count_events(
    rows: Rows,
    contracts: Mapping[tuple[str, str], LandingObject],
    batches: Sequence[Batch],
) -> dict[tuple[str, str], int]:
    """Count the usage events and calls of each object that has them. Copies of a row count once."""
    counts = {key: 0 for key, contract in contracts.items() if contract.usage}
    labels = {batch.batch_id: (batch.source, batch.object) for batch in batches}
    if counts:
        for batch_id, events in rows(
            "select _batch_id, cast(sum(rows) as bigint) from ("
            "select _batch_id, events as rows from raw.usage__event_weeks union all "
            "select _batch_id, calls from raw.usage__ties) group by _batch_id"
        ):
            counts[labels[batch_id]] += events
    return counts


def _file(batch: Batch, is_mended: bool) -> tuple[object, ...]:
    return (
        batch.batch_id,
        batch.source,
        batch.object,
        batch.file_name,
        batch.status,
        _refusal(batch),
        batch.rows_in,
        # All rows of a withdrawn file are withdrawn, including quarantined rows.
        *(
            (0, 0, 0)
            if batch.status == "withdrawn"
            else (batch.rows_loaded, batch.rows_quarantined, batch.rows_refused)
        ),
        is_mended,
        batch.loaded_at.replace(tzinfo=None),
    )


def _refusal(batch: Batch) -> str | None:
    if batch.status != "refused":
        return None
    return "unreadable" if batch.rejected_share is None else "rejected rows"


def _words(column: str | None, text: str) -> str:
    return f"{column} {text}" if column else text


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into raw.{table} values ({marks})", rows)


def _insert_set_aside(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    connection.execute(f"insert into raw.landing__rows_set_aside {query}")


def quarantined_sql(batch: Batch, kept: str | None) -> str:
    """Return SQL of the rows of `landing__rows_set_aside` about a batch's rejected rows.

    `kept` is SQL of the relation with the rejected rows; None if they were removed.
    """
    labels = [quote_literal(text) for text in (batch.batch_id, batch.source, batch.object, "quarantined")]
    if kept is None:
        row = (*labels, "null", quote_literal(NOT_KEPT), *("null",) * 3, batch.rows_quarantined, "null")
        return f"select {_list(row)}"
    # The quarantine contains the delivered texts, so the parts of a price may be unreadable.
    legible = f"""
        select
            _column as column_name,
            regexp_replace(_reason, ' \\(line .*', '') as reason,
            case when regexp_full_match({_text("currency")}, '[A-Za-z]{{3}}') then {_text("currency")} end
                as currency,
            case when lower({_text("interval")}) in ('day', 'week', 'month', 'year')
                then lower({_text("interval")}) end as interval_unit,
            case when coalesce({_text("interval_count")}, '') = '' then 1
                else try_cast({_text("interval_count")} as bigint) end as interval_count,
            case when coalesce({_text("quantity")}, '') = '' then 1
                else try_cast({_text("quantity")} as decimal(14, 6)) end as quantity,
            try_cast({_text("unit_amount")} as decimal(16, 8)) as unit_amount
        from (
            select
                _column,
                _reason,
                case when json_valid(_record) then _record end as record
            from {kept}
        )
    """
    return _valued(labels, legible)


def conflicting_sql(contract: LandingObject, batch: Batch) -> str:
    """Return SQL of the rows of `landing__rows_set_aside` about a batch's conflicting rows."""
    labels = [quote_literal(text) for text in (batch.batch_id, batch.source, batch.object, "conflicting")]
    has_money = set(_MONEY) <= set(contract.column_names)
    money = (
        'currency, lower("interval") as interval_unit, coalesce(interval_count, 1) as interval_count, '
        "coalesce(quantity, 1) as quantity, unit_amount"
        if has_money
        else "null as currency, null as interval_unit, null::bigint as interval_count, "
        "null::decimal(14, 6) as quantity, null::decimal(16, 8) as unit_amount"
    )
    reason = f"has the same {', '.join(contract.key)} as a lower row of the file"
    rows = (
        f"select null::varchar as column_name, {quote_literal(reason)} as reason, {money} "
        f"from {contract.relation} where _conflict and _batch_id = {labels[0]}"
    )
    return _valued(labels, rows)


def _valued(labels: Sequence[str], rows: str) -> str:
    """Return SQL of row counts by reason, with their monthly price if it is readable."""
    is_whole = (
        "currency is not null and interval_unit is not null and interval_count between 1 and 1200"
        " and quantity between 0 and 1e9 and unit_amount between -1e10 and 1e10"
        " and cast(quantity as double) * cast(unit_amount as double) between -1e11 and 1e11"
    )
    return f"""
        select {_list(labels)}, column_name, reason,
            case when is_whole then currency end, case when is_whole then interval_unit end,
            case when is_whole then interval_count end, count(*),
            sum(case when is_whole then
                try_cast(quantity as decimal(19, 6)) * try_cast(unit_amount as decimal(19, 8)) end)
        from (select *, {is_whole} as is_whole from ({rows}))
        group by all
    """


def _text(name: str) -> str:
    return f"trim(json_extract_string(record, '$.{name}'))"


def _list(items: Sequence[object]) -> str:
    return ", ".join(str(item) for item in items)
