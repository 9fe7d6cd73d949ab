"""The rejected rows of a file, with every reason and its first occurrence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.database import quote_literal
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.reading import tables
from orchestration.landing.reading.binding import Binding
from orchestration.landing.reading.refusal import Remark
from orchestration.landing.reading.suggest import word_meant
from orchestration.landing.values.casting import Cast, Problem, json_object
from orchestration.landing.values.conventions import BLANKS, is_nothing

_TABLE = "rejected_rows"
WORDS_SHOWN = 5
"""Maximum number of different unknown words of one column with a separate remark."""


@dataclass(frozen=True)
class RejectedRows:
    """The content of `rejected_rows`."""

    blank: int
    """Number of records without any value. The loader skips them."""
    wrong: int
    remarks: tuple[Remark, ...]
    """Every kind of mistake with its count and a value, the most frequent first."""
    refusal: str | None
    """Why a row refuses the whole file; None if no row does."""


def collect_rejected_rows(
    connection: duckdb.DuckDBPyConnection, contract: LandingObject, binding: Binding, cast: Cast, width: int
) -> RejectedRows:
    """Collect the rows with a problem in a table, and count the kinds of mistakes.

    `width` is the number of columns in the file.
    """
    cells = [f"c{place}" for place in range(width)]
    codes = [f"p{place}" for place in range(len(cast.groups))]
    connection.execute(
        f"create or replace temp table {_TABLE} as "
        f"select {', '.join(['record', 'line', *cells, *codes, 'problem'])}, "
        f"{blank_sql(contract, binding, width)} as is_blank "
        f"from ({cast.query}) where problem is not null"
    )
    blank_rows = tables.scalar(connection, f"select count(*) from {_TABLE} where is_blank")
    connection.execute(f"delete from {_TABLE} where is_blank")
    broken = tables.count(connection, tables.BROKEN)
    remarks = [*_problem_remarks(connection, contract, cast), *_broken_remarks(connection)]
    remarks.sort(key=lambda remark: (-(remark.rows or 0), remark.row or 0))
    return RejectedRows(
        blank=blank_rows,
        wrong=tables.count(connection, _TABLE) + broken,
        remarks=tuple(remarks),
        refusal=_refusal(connection, cast),
    )


def blank_sql(contract: LandingObject, binding: Binding, width: int) -> str:
    """Return SQL that is true for a record without any value. `width` is the number of its columns."""
    keeps = {place: contract.column(name).keeps for name, place in binding.positions.items()}
    return " and ".join(
        f"(trim(coalesce(c{place}, ''), {quote_literal(BLANKS)}) = '' or "
        f"{is_nothing(f'c{place}', keeps.get(place, ()))})"
        for place in range(width)
    )


def write_rejected(
    connection: duckdb.DuckDBPyConnection,
    cast: Cast,
    header: Sequence[str],
    batch_id: str,
    file_name: str,
    target: Path,
) -> None:
    """Write one row per rejected record, with its line, the broken rules and its content."""
    connection.execute(
        f"copy ({rejected_sql(cast, header, batch_id, file_name, _TABLE)} union all "
        f"select {quote_literal(batch_id)}, {quote_literal(file_name)}, record, line, null, null, reason, "
        f"null, to_json(text)::varchar from {tables.BROKEN} order by _row) "
        f"to {quote_literal(target)} (format parquet, compression zstd)"
    )


def rejected_sql(cast: Cast, header: Sequence[str], batch_id: str, file_name: str, source: str) -> str:
    """Return SQL of rejected rows as they are kept. `source` has the columns of `cast.query`."""
    record = json_object(header, [f"c{place}" for place in range(len(header))])
    every = ", ".join(f"case p{place} {_details(cast, codes)} end" for place, codes in enumerate(cast.groups))
    details = (
        f"to_json(list_filter([{every}], lambda one: one is not null))::varchar" if every else "null::varchar"
    )
    return (
        f"select {quote_literal(batch_id)} as _batch_id, {quote_literal(file_name)} as _file, "
        f"record as _row, line as _line, {_choose(cast, 'column')} as _column, "
        f"{_choose(cast, 'value')} as _value, {_choose(cast, 'reason')} as _reason, "
        f"{details} as _problems, {record} as _record from {source}"
    )


def _problem_remarks(
    connection: duckdb.DuckDBPyConnection, contract: LandingObject, cast: Cast
) -> list[Remark]:
    if not cast.groups:
        return []
    found = connection.execute(
        "select code, word, count(*), min(record), arg_min(line, record), arg_min(value, record) "
        f"from ({mistakes_sql(cast, _TABLE)}) group by code, word order by code, 3 desc, 4"
    ).fetchall()
    return mistakes_in_words(contract, cast, found)


def mistakes_sql(cast: Cast, source: str) -> str:
    """Return SQL with a row for each mistake: record, line, code, value, and the unknown word or null."""
    words = ", ".join(str(code) for code, problem in enumerate(cast.problems) if problem.by_value) or "-1"
    codes = ", ".join(f"p{place}" for place in range(len(cast.groups)))
    each = (
        f"select record, line, code, {_delivered(cast, 'code', range(len(cast.problems)))} as value "
        f"from (select *, unnest([{codes}]) as code from {source}) where code is not null"
    )
    return f"select *, case when code in ({words}) then lower(trim(value)) end as word from ({each})"


def mistakes_in_words(contract: LandingObject, cast: Cast, found: Iterable[tuple[Any, ...]]) -> list[Remark]:
    """Return one remark per kind of mistake. Each unknown word of an enumeration is a separate kind.

    `found` has code, word, rows, first record, its line and value; the most frequent words first.
    """
    remarks: list[Remark] = []
    shown: dict[int, int] = {}
    for code, word, rows, row, line, value in found:
        problem = cast.problems[code]
        shown[code] = shown.get(code, 0) + 1
        if word is not None and shown[code] > WORDS_SHOWN:
            continue
        remarks.append(
            Remark(
                kind="wrong",
                column=problem.column,
                text=problem.reason,
                advice=_advice(contract, problem, word),
                rows=rows,
                row=row,
                line=line,
                value=value,
            )
        )
    return remarks


def _advice(contract: LandingObject, problem: Problem, word: str | None) -> str:
    """Return the advice for a mistake, or the probable correction of an unknown word."""
    if word is None:
        return problem.advice
    column = contract.column(problem.column)
    if word in column.advice:
        return str(column.advice[word])
    meant = word_meant(word, column)
    return f"Write {meant}, or map the word in mapping.yml." if meant else problem.advice


def _broken_remarks(connection: duckdb.DuckDBPyConnection) -> list[Remark]:
    found = connection.execute(
        "select reason, count(*), min(record), arg_min(line, record), arg_min(text, record) "
        f"from {tables.BROKEN} group by reason"
    ).fetchall()
    advice = "Quote fields that contain the delimiter or a quote."
    return [
        Remark("wrong", None, f"the record {reason}", advice, rows, row, line, text)
        for reason, rows, row, line, text in found
    ]


def _refusal(connection: duckdb.DuckDBPyConnection, cast: Cast) -> str | None:
    """Describe the most frequent mistake that refuses the whole file."""
    refusing = refusing_codes(cast)
    if not refusing:
        return None
    listed = ", ".join(map(str, refusing))
    each = " union all ".join(
        f"select record, line, p{place} as code from {_TABLE} where p{place} in ({listed})"
        for place in range(len(cast.groups))
    )
    found = connection.execute(
        f"select code, count(*), min(record), arg_min(line, record) from ({each}) "
        "group by code order by 2 desc, 1 limit 1"
    ).fetchone()
    return None if found is None else refusal_in_words(cast, *found)


def refusing_codes(cast: Cast) -> list[int]:
    """Return the codes of the mistakes that refuse the whole file."""
    return [code for code, problem in enumerate(cast.problems) if problem.refuses]


def refusal_in_words(
    cast: Cast, code: int, rows: int, row: int | None = None, line: int | None = None
) -> str:
    """Describe a mistake that refuses the whole file."""
    problem = cast.problems[code]
    remark = Remark("wrong", problem.column, problem.reason, problem.advice, rows, row, line)
    return remark.sentence().removesuffix(".")


def _delivered(cast: Cast, code: str, codes: Iterable[int]) -> str:
    """Return SQL of the delivered value for a problem code."""
    cases = " ".join(
        f"when {number} then c{cast.problems[number].position}"
        for number in codes
        if cast.problems[number].position is not None
    )
    return f"case {code} {cases} end" if cases else "null::varchar"


def _details(cast: Cast, codes: Iterable[int]) -> str:
    """Return the branches of an SQL CASE from problem codes to their column, value and reason."""
    return " ".join(
        f"when {code} then {{'column': {quote_literal(problem.column)}, "
        f"'value': {'null::varchar' if problem.position is None else f'c{problem.position}'}, "
        f"'reason': {quote_literal(problem.reason)}}}"
        for code in codes
        for problem in [cast.problems[code]]
    )


def _choose(cast: Cast, what: str) -> str:
    """Return SQL of the first problem's column, delivered value or reason."""
    if not cast.problems:
        return "null::varchar"
    if what == "value":
        return _delivered(cast, "problem", range(len(cast.problems)))
    cases = " ".join(
        f"when {code} then {quote_literal(getattr(problem, what))}"
        for code, problem in enumerate(cast.problems)
    )
    return f"case problem {cases} end"
