"""Read each file format into a DuckDB table of texts, with record numbers and broken records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.core.database import quote_literal
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.reading import csvtext, tables
from orchestration.landing.reading.binding import bind, count_bound
from orchestration.landing.reading.jsonlines import read_jsonl
from orchestration.landing.reading.mapping import NO_MAPPING, FileMapping
from orchestration.landing.reading.parquet import read_parquet
from orchestration.landing.reading.plaintext import check_text, unpack
from orchestration.landing.reading.refusal import FileRefusedError


@dataclass(frozen=True)
class Reading:
    """The content of a file."""

    header: tuple[str, ...]
    """Delivered column names. Position i is column `c<i>` of RAW."""
    rows: int
    """Number of records, including broken records, without blank records."""
    blank: int = 0
    """Number of skipped records: records without any value and repeated headers."""
    delimiter: str | None = None
    """Delimiter of a CSV file."""
    lines_above: int = 0
    """Number of lines above the header."""
    is_json: bool = False
    types: Mapping[int, str] = field(default_factory=dict)
    """DuckDB's types of the columns of a Parquet file, by position."""
    has_natives: bool = False
    """RAW also has the columns `n0`, `n1`, ... with the values of a Parquet file in their types."""
    bound: Mapping[str, int] | None = None
    """Column of a vendor's contract -> position, from `find_columns`; None if names alone decide."""


def read_file(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    file_format: str,
    contract: LandingObject,
    folder: Path,
    mapping: FileMapping = NO_MAPPING,
) -> Reading:
    """Fill the tables RAW and BROKEN from a snapshot; `folder` takes intermediate files.

    Raises FileRefusedError for a file with another format or encoding, or a truncated file.
    """
    tables.start(connection)
    if path.stat().st_size == 0:
        raise FileRefusedError("empty")
    if file_format == "parquet":
        # Columns are found in the records of a vendor with many queries, so those read a table.
        found = read_parquet(connection, path, is_kept=contract.is_vendor)
        return Reading(found.header, found.rows, types=found.types, has_natives=not contract.is_vendor)
    if file_format.endswith(".gz"):
        path = unpack(path, folder / "plain")
    is_csv = file_format.startswith("csv")
    lines = check_text(path, header_lines=int(is_csv))
    try:
        if is_csv:
            return _read_csv(connection, path, contract, folder, mapping)
        header, rows = read_jsonl(connection, path, folder / "lines", lines)
        return Reading(header, rows, is_json=True)
    except FileRefusedError as refusal:
        raise FileRefusedError(refusal.reason, rows=refusal.rows or max(0, lines - is_csv)) from None


def read_records(
    connection: duckdb.DuckDBPyConnection, path: Path, file_format: str, folder: Path
) -> tuple[str, ...]:
    """Fill RAW from a file of any object; return its header. `folder` takes intermediate files.

    Raises FileRefusedError for an unreadable file.
    """
    tables.start(connection)
    if path.stat().st_size == 0:
        raise FileRefusedError("empty")
    if file_format == "parquet":
        return read_parquet(connection, path, is_kept=True).header
    if file_format.endswith(".gz"):
        path = unpack(path, folder / "plain")
    is_csv = file_format.startswith("csv")
    lines = check_text(path, header_lines=int(is_csv))
    if not is_csv:
        return read_jsonl(connection, path, folder / "lines", lines)[0]
    heads = [head for head in csvtext.read_heads(path) if head.records]
    if not heads:
        raise FileRefusedError("empty")
    widest = max(heads, key=lambda head: max(len(fields) for _, fields in head.records))
    width = max(len(fields) for _, fields in widest.records)
    line, header = next(record for record in widest.records if len(record[1]) == width)
    return _load_body(connection, path, widest.delimiter, line, header, folder).header


def _read_csv(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    contract: LandingObject,
    folder: Path,
    mapping: FileMapping,
) -> Reading:
    delimiter, line, header = _find_header(path, contract, mapping)
    if not contract.is_vendor:
        bind(contract, header, mapping)  # refuse a file of another object before reading it
    return _load_body(connection, path, delimiter, line, header, folder)


def _load_body(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    delimiter: str,
    line: int,
    header: tuple[str, ...],
    folder: Path,
) -> Reading:
    """Fill RAW and BROKEN with the records below the header in `line`."""
    above = max(0, line - 1)
    body = csvtext.cut_above(path, line, folder / "body.csv")
    plain = csvtext.plain_structure(body, delimiter)
    names = [f"c{place}" for place in range(len(header))]
    if plain and _load_plain_csv(connection, body, names, delimiter, plain, above):
        records, blank = plain.records, 0
    else:
        rewritten = csvtext.rewrite(body, delimiter, header, folder, above)
        try:
            records, blank = _load_rewritten_csv(connection, rewritten, names), rewritten.blank
        except duckdb.Error as error:
            tables.raise_machine_error(error)
            raise FileRefusedError(
                f"a record is longer than {tables.MAX_LINE // 2**20} MiB or unreadable",
                rows=rewritten.records,
            ) from None
    headers = _tidy(connection, names, header)
    return Reading(header, records - headers, blank + headers, delimiter, above)


def _tidy(connection: duckdb.DuckDBPyConnection, names: Sequence[str], header: Sequence[str]) -> int:
    """Remove the additions of spreadsheets and joined files from RAW: ="007" becomes 007, headers go.

    Returns the number of repeated headers.
    """
    # Comparing with a range of texts is the fastest way to check a prefix.
    formula = " or ".join(f"{name} >= '=\"' and {name} < '=#'" for name in names)
    named = [(name, text) for name, text in zip(names, header, strict=True) if text]
    is_header = " and ".join(f"{name} = {quote_literal(text)}" for name, text in named)
    row = connection.execute(
        f"select coalesce(bool_or({formula}), false), "
        f"coalesce(bool_or({named[0][0]} = {quote_literal(named[0][1])}), false) from {tables.RAW}"
    ).fetchone()
    assert row is not None
    has_formulas, may_have_headers = row
    headers = 0
    if may_have_headers:
        headers = tables.scalar(connection, f"select count(*) from {tables.RAW} where {is_header}")
    cells = [
        f'case when regexp_full_match({name}, \'="[^"]*"\') then substr({name}, 3, length({name}) - 3) '
        f"else {name} end as {name}"
        for name in names
    ]
    if has_formulas or headers:
        connection.execute(
            f"create or replace temp table tidy as select record, line, "
            f"{', '.join(cells if has_formulas else names)} from {tables.RAW} where ({is_header}) is not true"
        )
        tables.create_raw(connection, "select * from tidy")
    return headers


def _find_header(
    path: Path, contract: LandingObject, mapping: FileMapping
) -> tuple[str, int, tuple[str, ...]]:
    """Return delimiter, line and names of the header.

    The header is the first record. Many reports have titles above it. So if the first record has no column of
    the contract, the header is the first later record that has some.
    """
    heads = csvtext.read_heads(path)
    firsts = [(head.delimiter, *head.records[0]) for head in heads if head.records]
    if not firsts:
        return ",", 1, ()
    best = max(firsts, key=lambda one: (count_bound(contract, one[2], mapping), len(one[2]) > 1))
    if count_bound(contract, best[2], mapping):
        return best
    later = [(head.delimiter, *record) for head in heads for record in head.records[1:]]
    named = max(later, key=lambda one: count_bound(contract, one[2], mapping), default=best)
    return named if count_bound(contract, named[2], mapping) > 1 else best


def _load_rewritten_csv(
    connection: duckdb.DuckDBPyConnection, rewritten: csvtext.Rewritten, names: list[str]
) -> int:
    """Fill RAW and BROKEN; return the number of records."""
    _load_csv(connection, rewritten.good, ["record", "line", *names], ",", skip=0)
    columns = ", ".join(names)
    tables.create_raw(
        connection,
        f"select record::bigint as record, line::bigint as line, {columns} from {tables.DELIVERED}",
    )
    good = tables.count(connection, tables.DELIVERED)
    broken = ["record", "line", "text", "reason"]
    _load_csv(connection, rewritten.broken, broken, ",", skip=0, table="broken_text")
    tables.add_broken(connection, "select record::bigint, line::bigint, text, reason from broken_text")
    if good + tables.count(connection, tables.BROKEN) != rewritten.records:
        raise FileRefusedError("its records cannot be separated reliably", rows=rewritten.records)
    return rewritten.records


def _load_plain_csv(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    names: list[str],
    delimiter: str,
    plain: csvtext.Plain,
    lines_above: int,
) -> bool:
    """Read a file of plain structure; return False if a record has another number of fields."""
    try:
        _load_csv(connection, path, names, delimiter, skip=1, line_end=plain.line_end)
    except duckdb.Error as error:
        tables.raise_machine_error(error)
        return False
    if tables.count(connection, tables.DELIVERED) != plain.records:
        return False
    # One thread filled the table in file order, so rowid follows the file order.
    line = f"rowid + {lines_above + 2}"
    if plain.has_breaks_in_fields:
        text = f"concat({', '.join(names)})"
        line += (
            f" + coalesce(sum(length({text}) - length(replace({text}, chr(10), '')))"
            " over (order by rowid rows between unbounded preceding and 1 preceding), 0)"
        )
    columns = ", ".join(names)
    tables.create_raw(
        connection,
        f"select rowid + 1 as record, cast({line} as bigint) as line, {columns} from {tables.DELIVERED}",
    )
    return True


def _load_csv(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    names: list[str],
    delimiter: str,
    *,
    skip: int,
    line_end: str = "\\n",
    table: str = tables.DELIVERED,
) -> None:
    """Read CSV as text by position, without detection.

    The reader uses one thread, because a thread that starts in the middle has to guess whether it is inside a
    field. One thread costs little, because writing the table takes longer than parsing. The line end is
    given, because DuckDB would take it from the first line break, which can be inside a field.
    """
    columns = ", ".join(f"{quote_literal(name)}: 'VARCHAR'" for name in names)
    connection.execute(
        f"create or replace temp table {table} as select * from read_csv({quote_literal(path)}, "
        f"columns = {{{columns}}}, auto_detect = false, header = false, skip = {skip}, "
        f"delim = {quote_literal(delimiter)}, quote = '\"', escape = '\"', parallel = false, "
        f"new_line = {quote_literal(line_end)}, max_line_size = {tables.MAX_LINE})"
    )
