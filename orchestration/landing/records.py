"""What landing has on record, as relations beside the raw ones: counts and reasons, no value of a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from orchestration.landing.batches import Batch, quarantine_path
from orchestration.settings import Settings
from orchestration.warehouse import quote_literal

_FILES = """
    create or replace table raw.landing__files (
        batch_id varchar, source varchar, object varchar, file_name varchar, status varchar, refusal varchar,
        rows_in bigint, rows_loaded bigint, rows_quarantined bigint, rows_refused bigint, loaded_at timestamp
    )
"""
_QUARANTINED = """
    create or replace table raw.landing__quarantined_rows (
        batch_id varchar, source varchar, object varchar, column_name varchar, reason varchar,
        currency varchar, interval_unit varchar, interval_count bigint, row_count bigint,
        amount decimal(38, 14)
    )
"""
NOT_KEPT = "the quarantined rows were removed"


def create_landing_records(
    connection: duckdb.DuckDBPyConnection, settings: Settings, batches: Iterable[Batch]
) -> None:
    """Create or replace `raw.landing__files` and `raw.landing__quarantined_rows` of the batches given.

    Why a file was refused is told by kind only: the words may quote its first line.
    """
    given = list(batches)
    connection.execute("create schema if not exists raw")
    connection.execute(_FILES)
    connection.execute(_QUARANTINED)
    if given:
        connection.executemany(
            "insert into raw.landing__files values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    batch.batch_id,
                    batch.source,
                    batch.object,
                    batch.file_name,
                    batch.status,
                    _refusal(batch),
                    batch.rows_in,
                    # All rows of a withdrawn file are withdrawn, also those that had been set aside.
                    *(
                        (0, 0, 0)
                        if batch.status == "withdrawn"
                        else (batch.rows_loaded, batch.rows_quarantined, batch.rows_refused)
                    ),
                    batch.loaded_at.replace(tzinfo=None),
                )
                for batch in given
            ],
        )
    for batch in given:
        if batch.rows_quarantined and batch.status != "withdrawn":
            _insert_quarantined(connection, settings, batch)


def _refusal(batch: Batch) -> str | None:
    if batch.status != "refused":
        return None
    return "unreadable" if batch.rejected_share is None else "rejected rows"


def _insert_quarantined(connection: duckdb.DuckDBPyConnection, settings: Settings, batch: Batch) -> None:
    labels = [quote_literal(text) for text in (batch.batch_id, batch.source, batch.object)]
    path = quarantine_path(settings, batch)
    if not path.is_file():
        row = (
            *labels,
            "null",
            quote_literal(NOT_KEPT),
            "null",
            "null",
            "null",
            batch.rows_quarantined,
            "null",
        )
        connection.execute(f"insert into raw.landing__quarantined_rows select {_list(row)}")
        return
    # The records are as they were delivered, so what a price is made of may not be legible.
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
                case when json_valid(_record) then cast(_record as json) end as record
            from read_parquet({quote_literal(path)})
        )
    """
    is_whole = (
        "currency is not null and interval_unit is not null and interval_count between 1 and 1200"
        " and quantity >= 0 and unit_amount >= 0"
    )
    connection.execute(
        f"""
        insert into raw.landing__quarantined_rows
        select {_list(labels)}, column_name, reason,
            case when is_whole then currency end, case when is_whole then interval_unit end,
            case when is_whole then interval_count end, count(*),
            sum(case when is_whole then cast(quantity * unit_amount as decimal(38, 14)) end)
        from (select *, {is_whole} as is_whole from ({legible}))
        group by all
        """
    )


def _text(name: str) -> str:
    return f"trim(json_extract_string(record, '$.{name}'))"


def _list(items: Sequence[object]) -> str:
    return ", ".join(str(item) for item in items)
