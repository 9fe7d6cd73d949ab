"""Whether a file writes the end of service as its last day, or as the first day without it.

Counted where a file is landed, decided when the raw relations are made: by the policy
`period_end_convention`, by the file's mapping, or, where it is to be detected, by the counts of the file, of
all files of its object together, or of their rows together. Never row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import duckdb

from orchestration.core.database import quote_identifier
from orchestration.dbt_runner.landing_contract import Ends
from orchestration.landing.batches import Batch
from orchestration.landing.reading.refusal import Remark
from orchestration.landing.report import count

DETECT = "detect"

ENOUGH = 3
"""Ends of a file that speak for it alone, whatever other files of the object hold."""

_MANY_TIMES = 10
"""So many times more often must ends be of the one kind, where some are of the other."""

Convention = Literal["inclusive", "exclusive"]
Counts = Mapping[str, int]

# Periods that begin at the same time are versions of one, so what follows one is what begins later.
_COUNTS = """
    select
        count(*) as total,
        count(*) filter (is_last_second) as last_second,
        count(*) filter (cast(e as time) <> time '00:00:00' and not is_last_second) as timed,
        count(*) filter (next_start = e) as touching,
        count(*) filter (next_start = e + interval 1 day) as one_day_holes,
        count(*) filter (e > s and day(e + interval 1 day) = day(s) and day(e) <> day(s)) as before_the_day,
        count(*) filter (e > s and day(e) = day(s)) as on_the_day,
        count(*) filter (e > s and day(e + interval 1 day) = 1) as month_ends
    from (
        select *, second(e) = 59 or cast(e as time) = time '23:59:00' as is_last_second
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
    """How the ends of typed rows stand to starts; None where the object has no ends or the rows none.

    `source` is SQL of a relation.
    """
    if ends is None:
        return None
    query = _COUNTS.format(
        start=quote_identifier(ends.start),
        end=quote_identifier(ends.end),
        item=", ".join(quote_identifier(name) for name in ends.item),
        source=source,
    )
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    found = dict(zip(names, cursor.fetchone() or (), strict=True))
    return found if found["total"] else None


def inclusive_batches(
    batches: Iterable[Batch], convention: str, count_together: Callable[[], Counts | None]
) -> set[str]:
    """The batches of one object whose ends are last days. `convention`: exclusive, inclusive or detect.

    `count_together` counts the rows of all batches as those of one file; it is asked where neither a file
    nor the sum of all says anything.
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
    """The batches that write ends as the last second of service, which is no hole before the next."""
    return {
        batch.batch_id
        for batch in batches
        for counts in [batch.ends or {}]
        if counts.get("last_second", 0)
        and not counts.get("timed", 0)
        and (batch.ends_convention or convention) != "exclusive"
    }


def ends_remark(counts: Counts | None, column: str, convention: str | None) -> Remark | None:
    """What the ends of a file look like, where that is worth a word."""
    if not counts or convention:
        return None
    if counts["last_second"] and not counts["timed"]:
        return Remark(
            "told",
            column,
            f"is the last second of service in {count(counts['last_second'], 'row')}; it is read as "
            "the first "
            "instant after it",
        )
    holes = f"{count(counts['one_day_holes'], 'hole')} of exactly one day"
    if counts["touching"]:
        holes += f", and in {count(counts['touching'], 'place')} none"
    verdict, _ = _verdict(counts)
    if verdict == "inclusive":
        ends = "its only end" if counts["total"] == 1 else f"{counts['total']:,} ends"
        seen = f"; it leaves {holes}" if counts["one_day_holes"] else ""
        return Remark(
            "told",
            column,
            f"looks like the last day of service in {ends}{seen}. It is read so, one day longer, "
            "unless other "
            "files of the object or period_end_convention say otherwise",
            "If it is the first day without service, say `ends: exclusive` in mapping.yml.",
        )
    if counts["one_day_holes"] and not counts["timed"]:
        return Remark(
            "told",
            column,
            f"leaves {holes}: ends are read as first days without service",
            "If they are last days, say `ends: inclusive` in mapping.yml.",
        )
    return None


def day_after(end: str) -> str:
    """SQL: the first instant after a last day, which may be written with its last second."""
    return f"date_trunc('day', {end}) + interval 1 day"


def minute_after(end: str) -> str:
    """SQL: the first instant after a last second or minute; other ends as they are."""
    moment = f"cast({end} as timestamp)"
    return (
        f"case when second({moment}) = 59 or cast({moment} as time) = time '23:59:00' "
        f"then date_trunc('minute', {moment} + interval 1 minute) else {moment} end"
    )


def _decided(batch: Batch) -> Convention | None:
    verdict, ends = _verdict(batch.ends or {})
    return verdict if ends >= ENOUGH else None


def _verdict(counts: Counts) -> tuple[Convention | None, int]:
    """What ends look like, and how many of them speak for it."""
    total, holes, touching, before, on, month_ends = (
        counts.get(name, 0)
        for name in ("total", "one_day_holes", "touching", "before_the_day", "on_the_day", "month_ends")
    )
    if counts.get("timed", 0) or counts.get("last_second", 0):
        # Ends with a time of day say themselves when they are.
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
