"""Whether a file writes the end of service as its last day, or as the first day without it.

Counted where a file is landed, decided when the raw relations are made: by the policy
`period_end_convention`, by the file's mapping, or, where it is to be detected, by the counts of the file and
of all files of its object together. Never row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from orchestration.contract import LandingObject
from orchestration.landing.batches import Batch
from orchestration.landing.refusal import Remark
from orchestration.warehouse import quote_identifier, quote_literal

DETECT = "detect"

ENOUGH = 3
"""Holes of one day in a file that speak for it alone, whatever other files of the object hold."""

_COUNTS = """
    select
        count(*) filter (true) as total,
        count(*) filter (cast(e as time) >= time '23:59:59') as last_second,
        count(*) filter (cast(e as time) <> time '00:00:00' and cast(e as time) < time '23:59:59') as timed,
        count(*) filter (next_start = e) as touching,
        count(*) filter (next_start = e + interval 1 day) as one_day_holes,
        count(*) filter (day(e + interval 1 day) = day(s) and day(e) <> day(s) and e > s) as
        ends_before_the_day,
        count(*) filter (day(e) = day(s) and e > s) as ends_on_the_day,
        count(*) filter (day(e + interval 1 day) = 1 and e > s) as month_ends
    from (
        select
            cast({start} as timestamp) as s,
            cast({end} as timestamp) as e,
            lead(cast({start} as timestamp)) over (partition by {item} order by {start}, {end}) as next_start
        from {source}
    )
    where e is not null
"""


def count_ends(
    connection: duckdb.DuckDBPyConnection, contract: LandingObject, path: Path
) -> dict[str, int] | None:
    """How the ends of a typed file stand to starts; None where the object has no ends or the file none.

    Files whose ends are instants of the day are only counted, as no convention of days can be in them.
    """
    if contract.ends is None:
        return None
    source = f"read_parquet({quote_literal(path)})"
    end = quote_identifier(contract.ends.end)
    timed = connection.execute(
        f"select count({end}), count(*) filter (cast(cast({end} as timestamp) as time) <> time "
        "'00:00:00' and "
        f"cast(cast({end} as timestamp) as time) < time '23:59:59') from {source}"
    ).fetchone()
    if timed is None or not timed[0]:
        return None
    if timed[1]:
        return {"total": timed[0], "timed": timed[1]}
    query = _COUNTS.format(
        start=quote_identifier(contract.ends.start),
        end=end,
        item=", ".join(quote_identifier(name) for name in contract.ends.item),
        source=source,
    )
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def inclusive_batches(batches: Iterable[Batch], convention: str) -> set[str]:
    """The batches of one object whose ends are last days. `convention`: exclusive, inclusive or detect."""
    mine = [batch for batch in batches if batch.ends]
    total: dict[str, int] = {}
    for batch in mine:
        for name, number in (batch.ends or {}).items():
            total[name] = total.get(name, 0) + number
    return {batch.batch_id for batch in mine if _is_inclusive(batch, total, convention)}


def ends_remark(counts: Mapping[str, int] | None, column: str, convention: str | None) -> Remark | None:
    """What the ends of a file look like, where that is worth a word."""
    if not counts or convention:
        return None
    holes, touching = counts.get("one_day_holes", 0), counts.get("touching", 0)
    if _looks_inclusive(counts):
        return Remark(
            "told",
            column,
            f"looks like the last day of service in all {counts['total']:,} ends: it is read so, one "
            "day longer",
            "If it is the first day without service, say `ends: exclusive` in mapping.yml.",
        )
    if holes and touching:
        return Remark(
            "told",
            column,
            f"leaves holes of exactly one day in {holes:,} places and none in {touching:,}: ends are read as "
            "first days without service",
            "If they are last days, say `ends: inclusive` in mapping.yml.",
        )
    return None


def exclusive_end(end: str, data_type: str) -> str:
    """SQL: the first instant or day after an inclusive end."""
    if data_type == "date":
        return f"cast({end} + interval 1 day as date)"
    return (
        f"case when cast({end} as time) = time '00:00:00' or cast({end} as time) >= time '23:59:59' "
        f"then date_trunc('day', {end}) + interval 1 day else {end} end"
    )


def _is_inclusive(batch: Batch, total: Mapping[str, int], convention: str) -> bool:
    if batch.ends_convention:
        return batch.ends_convention == "inclusive"
    if convention != DETECT:
        return convention == "inclusive"
    mine = batch.ends or {}
    if mine.get("one_day_holes", 0) >= ENOUGH and not mine.get("touching", 0) and not mine.get("timed", 0):
        return True
    if mine.get("total") and mine.get("last_second", 0) == mine["total"]:
        return True
    return _looks_inclusive(total) and not mine.get("timed", 0)


def _looks_inclusive(counts: Mapping[str, int]) -> bool:
    if counts.get("timed", 0) or not counts.get("total", 0):
        return False
    if counts.get("last_second", 0) == counts["total"]:
        return True
    if counts.get("one_day_holes", 0) or counts.get("touching", 0):
        return bool(counts.get("one_day_holes", 0)) and not counts.get("touching", 0)
    if counts.get("ends_on_the_day", 0):
        return False
    before, month_ends, total = (
        counts.get(name, 0) for name in ("ends_before_the_day", "month_ends", "total")
    )
    return before == total or (month_ends == total and total > 1)
