"""JSON Lines as text columns, every number as it was written.

DuckDB's JSON functions read numbers as binary floating point (0.1000000000000000055 becomes 0.1). So
numbers are turned into marked strings before anything parses them, and the mark is taken off again.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.landing import tables
from orchestration.landing.plaintext import ends_with_newline
from orchestration.landing.refusal import FileRefusedError
from orchestration.warehouse import quote_literal

_CHUNK = 1 << 22

# Four bytes that no line of JSON can hold: control characters are always escaped there.
_NO_DELIMITER = "\x1e\x1f\x1e\x1f"

_MARK = "csw-number:"
_TOKENS = r'("(?:[^"\\]|\\.)*")|(-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)'
_MARKED_IN_JSON = r'"\\u0001' + _MARK + r'([^"]*)"'


def read_jsonl(
    connection: duckdb.DuckDBPyConnection, path: Path, copy: Path, lines: int
) -> tuple[tuple[str, ...], int]:
    """Fill RAW and BROKEN from JSON Lines; returns the keys in order of appearance, and the record count.

    Raises FileRefusedError for a JSON array, other JSON, no JSON at all, or a last line cut short.
    """
    _load_lines(connection, path, copy, lines)
    connection.execute(
        "create or replace temp table json_rows as select row_number() over (order by rowid) as record, "
        "line, case when json_valid(line) then json_type(line) else 'INVALID' end as kind, "
        "from json_lines where trim(line, chr(9) || ' ') <> ''"
    )
    _check_kinds(connection, path)
    tables.add_broken(
        connection, "select record, line, 'is not a JSON object' from json_rows where kind <> 'OBJECT'"
    )
    keys = _keys(connection)
    pointers = ", ".join(quote_literal(_pointer(key)) for key in keys)
    columns = ", ".join(f"{_unmark(f'fields[{place + 1}]')} as c{place}" for place in range(len(keys)))
    connection.execute(
        f"create or replace temp table delivered as select record, {columns} from (select record, "
        f"json_extract_string({_mark_numbers('line')}, [{pointers}]) as fields "
        "from json_rows where kind = 'OBJECT')"
    )
    tables.create_raw(connection, "select * from delivered")
    return tuple(keys), tables.count(connection, "json_rows")


def _load_lines(connection: duckdb.DuckDBPyConnection, path: Path, copy: Path, lines: int) -> None:
    """Read the lines of a file into json_lines, in order."""
    with path.open("rb") as source, copy.open("wb") as target:
        while chunk := source.read(_CHUNK):
            # In valid JSON a carriage return can only be blank space; DuckDB stops at mixed line ends.
            target.write(chunk.replace(b"\r", b" "))
    try:
        connection.execute(
            "create or replace temp table json_lines as select coalesce(line, '') as line from "
            f"read_csv({quote_literal(copy)}, columns = {{'line': 'VARCHAR'}}, auto_detect = false, "
            f"header = false, delim = {quote_literal(_NO_DELIMITER)}, quote = '', escape = '', "
            f"parallel = false, max_line_size = {tables.MAX_LINE})"
        )
    except duckdb.Error as error:
        tables.raise_machine_error(error)
        raise FileRefusedError("not JSON Lines: write one JSON object per line") from None
    if tables.count(connection, "json_lines") != lines:
        raise FileRefusedError("its lines cannot be told apart reliably")


def _check_kinds(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    row = connection.execute(
        "select count(*), count(*) filter (kind = 'OBJECT'), arg_min(kind, record), "
        "arg_min(line[1], record), arg_max(kind, record) from json_rows"
    ).fetchone()
    assert row is not None
    records, objects, first, first_letter, last = row
    if not records:
        raise FileRefusedError("empty")
    if first == "ARRAY" or (first == "INVALID" and first_letter == "["):
        raise FileRefusedError("holds a JSON array, not JSON Lines: write one JSON object per line")
    if last == "INVALID" and not ends_with_newline(path):
        raise FileRefusedError("truncated: the last line breaks off. Deliver the file again")
    if not objects:
        raise FileRefusedError("not JSON Lines: write one JSON object per line")


def _keys(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Keys of all objects, in order of appearance.

    Raises FileRefusedError where an object has the same key twice: either value could be meant.
    """
    found = connection.execute(
        "select key, count(*) <> count(distinct record) as is_twice from (select record, "
        "unnest(json_keys(line)) as key, generate_subscripts(json_keys(line), 1) as place from json_rows "
        "where kind = 'OBJECT') group by key order by min(record), min(place)"
    ).fetchall()
    twice = [key for key, is_twice in found if is_twice]
    if twice:
        raise FileRefusedError(f"an object has the key {twice[0]!r} twice")
    return [key for key, _ in found]


def _mark_numbers(line: str) -> str:
    """SQL: the line with its numbers as strings that begin with a mark.

    Strings match the first group and numbers the second, so each match leaves one of them between two
    control characters; those round nothing go away, the others become the quotes of the new string.
    """
    marked = f"regexp_replace({line}, {quote_literal(_TOKENS)}, '\\1' || chr(1) || '\\2' || chr(2), 'g')"
    emptied = f"replace({marked}, chr(1) || chr(2), '')"
    opening = quote_literal('"\\u0001' + _MARK)
    return f"replace(replace({emptied}, chr(1), {opening}), chr(2), '\"')"


def _unmark(value: str) -> str:
    """SQL: a scalar without its mark, a nested value with its numbers as they were."""
    mark = f"chr(1) || {quote_literal(_MARK)}"
    return (
        f"case when starts_with({value}, {mark}) then substr({value}, {len(_MARK) + 2}) "
        f"when starts_with({value}, '{{') or starts_with({value}, '[') "
        f"then regexp_replace({value}, {quote_literal(_MARKED_IN_JSON)}, '\\1', 'g') else {value} end"
    )


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")
