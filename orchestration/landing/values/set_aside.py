"""The rows of a file that cannot be loaded: every reason, where it first occurs, and the rows themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.core.database import quote_literal
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.reading import tables
from orchestration.landing.reading.binding import Binding
from orchestration.landing.reading.refusal import Remark
from orchestration.landing.reading.suggest import word_meant
from orchestration.landing.values.casting import Cast, Problem, json_object
from orchestration.landing.values.conventions import BLANKS, is_nothing

_TABLE = "set_aside"
_WORDS_SHOWN = 5
"""Different unknown words of one column that are told one by one."""


@dataclass(frozen=True)
class SetAside:
    """What `set_aside` holds."""

    blank: int
    """Records without any value; they are passed over."""
    wrong: int
    remarks: tuple[Remark, ...]
    """Every kind of mistake with its count, the most frequent first; with values."""
    refusal: str | None
    """Why one of the rows refuses the whole file; None where none does."""


def set_rows_aside(
    connection: duckdb.DuckDBPyConnection, contract: LandingObject, binding: Binding, cast: Cast, width: int
) -> SetAside:
    """Collect the rows with a problem in a table, and count what is wrong with them.

    `width` is the number of columns of the file.
    """
    cells = [f"c{place}" for place in range(width)]
    keeps = {place: contract.column(name).keeps for name, place in binding.positions.items()}
    codes = [f"p{place}" for place in range(len(cast.groups))]
    blank = " and ".join(
        f"(trim(coalesce({cell}, ''), {quote_literal(BLANKS)}) = '' or "
        f"{is_nothing(cell, keeps.get(place, ()))})"
        for place, cell in enumerate(cells)
    )
    connection.execute(
        f"create or replace temp table {_TABLE} as "
        f"select {', '.join(['record', 'line', *cells, *codes, 'problem'])}, {blank} as is_blank "
        f"from ({cast.query}) where problem is not null"
    )
    blank_rows = tables.scalar(connection, f"select count(*) from {_TABLE} where is_blank")
    connection.execute(f"delete from {_TABLE} where is_blank")
    broken = tables.count(connection, tables.BROKEN)
    remarks = [*_problem_remarks(connection, contract, cast), *_broken_remarks(connection)]
    remarks.sort(key=lambda remark: (-(remark.rows or 0), remark.row or 0))
    return SetAside(
        blank=blank_rows,
        wrong=tables.count(connection, _TABLE) + broken,
        remarks=tuple(remarks),
        refusal=_refusal(connection, cast),
    )


def write_rejected(
    connection: duckdb.DuckDBPyConnection,
    cast: Cast,
    header: Sequence[str],
    batch_id: str,
    file_name: str,
    target: Path,
) -> None:
    """Write one row per rejected record: where it stood, which columns broke which rules, what it held."""
    record = json_object(header, [f"c{place}" for place in range(len(header))])
    every = ", ".join(f"case p{place} {_details(cast, codes)} end" for place, codes in enumerate(cast.groups))
    details = (
        f"to_json(list_filter([{every}], lambda one: one is not null))::varchar" if every else "null::varchar"
    )
    connection.execute(
        f"copy (select {quote_literal(batch_id)} as _batch_id, {quote_literal(file_name)} as _file, * from ("
        f"select record as _row, line as _line, {_choose(cast, 'column')} as _column, "
        f"{_choose(cast, 'value')} as _value, {_choose(cast, 'reason')} as _reason, {details} as _problems, "
        f"{record} as _record from {_TABLE} union all "
        f"select record, line, null, null, reason, null, to_json(text)::varchar from {tables.BROKEN}"
        f") order by _row) to {quote_literal(target)} (format parquet, compression zstd)"
    )


def _problem_remarks(
    connection: duckdb.DuckDBPyConnection, contract: LandingObject, cast: Cast
) -> list[Remark]:
    """One remark per kind of mistake; each unknown word of an enumeration is a kind of its own."""
    if not cast.groups:
        return []
    words = ", ".join(str(code) for code, problem in enumerate(cast.problems) if problem.by_value) or "-1"
    each = " union all ".join(
        f"select record, line, p{place} as code, {_delivered(cast, f'p{place}', codes)} as value "
        f"from {_TABLE} where p{place} is not null"
        for place, codes in enumerate(cast.groups)
    )
    found = connection.execute(
        f"select code, word, count(*), min(record), arg_min(line, record), arg_min(value, record) from ("
        f"select *, case when code in ({words}) then lower(trim(value)) end as word from ({each})) "
        "group by code, word order by code, 3 desc, 4"
    ).fetchall()
    remarks: list[Remark] = []
    shown: dict[int, int] = {}
    for code, word, rows, row, line, value in found:
        problem = cast.problems[code]
        shown[code] = shown.get(code, 0) + 1
        if word is not None and shown[code] > _WORDS_SHOWN:
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
    """What to do about a mistake; about an unknown word, which one was meant."""
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
    advice = "Quote fields that hold the delimiter or a quote."
    return [
        Remark("wrong", None, f"the record {reason}", advice, rows, row, line, text)
        for reason, rows, row, line, text in found
    ]


def _refusal(connection: duckdb.DuckDBPyConnection, cast: Cast) -> str | None:
    """The first rule that refuses the whole file for one row, in words."""
    refusing = [code for code, problem in enumerate(cast.problems) if problem.refuses]
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
    if found is None:
        return None
    problem = cast.problems[found[0]]
    remark = Remark("wrong", problem.column, problem.reason, problem.advice, *found[1:])
    return remark.sentence().removesuffix(".")


def _delivered(cast: Cast, code: str, codes: Iterable[int]) -> str:
    """SQL: the delivered value that a problem code is about."""
    cases = " ".join(
        f"when {number} then c{cast.problems[number].position}"
        for number in codes
        if cast.problems[number].position is not None
    )
    return f"case {code} {cases} end" if cases else "null::varchar"


def _details(cast: Cast, codes: Iterable[int]) -> str:
    """SQL: branches of a CASE from problem codes to their column, value and reason."""
    return " ".join(
        f"when {code} then {{'column': {quote_literal(problem.column)}, "
        f"'value': {'null::varchar' if problem.position is None else f'c{problem.position}'}, "
        f"'reason': {quote_literal(problem.reason)}}}"
        for code in codes
        for problem in [cast.problems[code]]
    )


def _choose(cast: Cast, what: str) -> str:
    """SQL that tells the first problem's column, delivered value or reason."""
    if not cast.problems:
        return "null::varchar"
    if what == "value":
        return _delivered(cast, "problem", range(len(cast.problems)))
    cases = " ".join(
        f"when {code} then {quote_literal(getattr(problem, what))}"
        for code, problem in enumerate(cast.problems)
    )
    return f"case problem {cases} end"
