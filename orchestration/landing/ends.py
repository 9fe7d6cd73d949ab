"""Decide whether the end dates of a file are inclusive (last day with service) or exclusive.

The loader counts the dates when it loads a file. The decision falls when `csw` creates the raw relations. It
comes from the file's mapping, from the policy `period_end_convention`, or from detection. Detection uses the
counts of the file, then of all files of its object, then of all their rows together. It never decides row
by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import duckdb

from orchestration.core.database import quote_identifier
from orchestration.core.wording import count
from orchestration.dbt_runner.landing_contract import Ends
from orchestration.landing.batches import Batch
from orchestration.landing.reading.refusal import Remark

DETECT = "detect"

ENOUGH = 3
"""Number of telling ends with which a file decides alone, without other files of the object."""

_MANY_TIMES = 10
"""Factor by which one kind of end must outnumber the other."""

Convention = Literal["inclusive", "exclusive"]
Counts = Mapping[str, int]

_NAMES = (
    "total", "last_second", "timed", "touching", "one_day_holes", "before_the_day", "on_the_day", "month_ends"
)  # fmt: skip
"""The counts of `_COUNTS`, in its order."""

# Periods with the same start are versions of one period, so the next period is the one with a later start.
_COUNTS = """
    select
        count(*) as total,
        count(*) filter (is_last_second) as last_second,
        count(*) filter (e <> date_trunc('day', e) and not is_last_second) as timed,
        count(*) filter (next_start = e) as touching,
        count(*) filter (next_start = e + interval 1 day) as one_day_holes,
        count(*) filter (e > s and day(e + interval 1 day) = day(s) and day(e) <> day(s)) as before_the_day,
        count(*) filter (e > s and day(e) = day(s)) as on_the_day,
        count(*) filter (e > s and day(e + interval 1 day) = 1) as month_ends
    from (
        select *, second(e) = 59 or e = date_trunc('day', e) + interval 1439 minute as is_last_second
        from (
            select *, lead(s) over (partition by {item} order by s) as next_start
            from (
                select {item}, cast({start} as timestamp) as s, max(cast({end} as timestamp)) as e
                from {source}
                group by all
            )
        )
        where e is not null
    )
"""


def count_ends(
    connection: duckdb.DuckDBPyConnection, ends: Ends | None, source: str
) -> dict[str, int] | None:
    """Count how the ends of typed rows relate to the starts; None if there are no ends.

    `source` is SQL of a relation.
    """
    if ends is None:
        return None
    return ends_counted(connection.execute(ends_sql(ends, source)).fetchone())


def ends_sql(ends: Ends, source: str) -> str:
    """Return SQL of the counts of `_NAMES`, in one row. `source` is SQL of a relation."""
    return _COUNTS.format(
        start=quote_identifier(ends.start),
        end=quote_identifier(ends.end),
        item=", ".join(quote_identifier(name) for name in ends.item),
        source=source,
    )


def ends_counted(row: Sequence[int] | None) -> dict[str, int] | None:
    """Return the row of `ends_sql` by name; None if there are no ends."""
    found = dict(zip(_NAMES, row or (0,) * len(_NAMES), strict=True))
    return found if found["total"] else None


def inclusive_batches(
    batches: Iterable[Batch], convention: str, count_together: Callable[[], Counts | None]
) -> set[str]:
    """Return the batches of one object with inclusive ends. `convention`: exclusive, inclusive or detect.

    `count_together` counts the rows of all batches as one file. It is called only if neither a file nor the
    sum of all files decides.
    """
    mine = [batch for batch in batches if batch.ends]
    own = {
        batch.batch_id: batch.ends_convention or (convention if convention != DETECT else _decided(batch))
        for batch in mine
    }
    if not all(own.values()):
        total: dict[str, int] = {}
        for batch in mine:
            for name, number in (batch.ends or {}).items():
                total[name] = total.get(name, 0) + number
        together, _ = _verdict(total)
        if together is None and len(mine) > 1:
            together, _ = _verdict(count_together() or {})
        own = {batch_id: decided or together for batch_id, decided in own.items()}
    return {batch_id for batch_id, decided in own.items() if decided == "inclusive"}


def closing_batches(batches: Iterable[Batch], convention: str) -> set[str]:
    """Return the batches with ends at the last second of service, which leave no gap."""
    return {
        batch.batch_id
        for batch in batches
        for counts in [batch.ends or {}]
        if counts.get("last_second", 0)
        and not counts.get("timed", 0)
        and (batch.ends_convention or convention) != "exclusive"
    }


def ends_remark(counts: Counts | None, column: str, convention: str | None) -> Remark | None:
    """Return a warning about the ends of a file, if they look unusual."""
    if not counts or convention:
        return None
    if counts["last_second"] and not counts["timed"]:
        return Remark(
            "told",
            column,
            f"is the last second of service in {count(counts['last_second'], 'row')}; the loader reads it as "
            "the next instant",
        )
    holes = f"{count(counts['one_day_holes'], 'gap')} of exactly one day"
    if counts["touching"]:
        holes += f", but no gap in {count(counts['touching'], 'place')}"
    verdict, _ = _verdict(counts)
    if verdict == "inclusive":
        ends = "its only end" if counts["total"] == 1 else f"{counts['total']:,} ends"
        seen = f"; the periods leave {holes}" if counts["one_day_holes"] else ""
        return Remark(
            "told",
            column,
            f"looks like the last day of service in {ends}{seen}. The loader adds one day, unless other "
            "files of the object or period_end_convention show exclusive ends",
            "If it is the first day without service, set `ends: exclusive` in mapping.yml.",
        )
    if counts["one_day_holes"] and not counts["timed"]:
        return Remark(
            "told",
            column,
            f"leaves {holes}; the loader reads ends as first days without service",
            "If they are last days, set `ends: inclusive` in mapping.yml.",
        )
    return None


def day_after(end: str) -> str:
    """Return SQL of the first instant after a last day, given as a date or its last second."""
    return f"date_trunc('day', {end}) + interval 1 day"


def minute_after(end: str) -> str:
    """Return SQL of the first instant after a last second or minute; other ends stay unchanged."""
    moment = f"cast({end} as timestamp)"
    return (
        f"case when second({moment}) = 59 or {moment} = date_trunc('day', {moment}) + interval 1439 minute "
        f"then date_trunc('minute', {moment} + interval 1 minute) else {moment} end"
    )


def _decided(batch: Batch) -> Convention | None:
    verdict, ends = _verdict(batch.ends or {})
    return verdict if ends >= ENOUGH else None


def _verdict(counts: Counts) -> tuple[Convention | None, int]:
    """Return the convention that the ends show, and the number of ends that show it."""
    total, holes, touching, before, on, month_ends = (
        counts.get(name, 0)
        for name in ("total", "one_day_holes", "touching", "before_the_day", "on_the_day", "month_ends")
    )
    if counts.get("timed", 0) or counts.get("last_second", 0):
        # Ends with a time of day are exact.
        return "exclusive", total
    if holes or touching:
        is_inclusive = touching * _MANY_TIMES <= holes and on < before + holes
        return ("inclusive", holes) if is_inclusive else ("exclusive", touching + on)
    if before or on:
        is_inclusive = on * _MANY_TIMES < before and before * 2 > total
        return ("inclusive", before) if is_inclusive else ("exclusive", on) if on else (None, 0)
    if month_ends == total > 1:
        return "inclusive", total
    return None, 0
