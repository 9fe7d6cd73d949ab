"""Read JSON Lines as text columns and keep every digit of a number.

DuckDB's JSON functions read numbers as binary floating point (0.1000000000000000055 becomes 0.1). So this
module turns numbers into marked strings before parsing, and removes the mark afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.core.database import quote_literal
from orchestration.landing.reading import tables
from orchestration.landing.reading.plaintext import ends_with_newline
from orchestration.landing.reading.refusal import FileRefusedError

_CHUNK = 1 << 22

# In valid JSON a carriage return is only white space, and control characters are always escaped. So this
# module replaces carriage returns with spaces, because DuckDB stops at mixed line ends. It uses a control
# character as a delimiter that never occurs.
_NO_DELIMITER = "\x1f"
_CLEAN = bytes.maketrans(b"\r\x1f", b" \x1e")

_KIND = "case when json_valid(line) then json_type(line) else 'INVALID' end"
_IS_BLANK = r"regexp_full_match(line, '[ \t]*')"

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"

# A possible number other than a short whole number. DuckDB keeps short whole numbers exactly.
_DELICATE = r'("\s*:|[\[,])\s*-?([0-9]+[.eE]|[0-9]{16}|-0)'

# A number that is certainly the value of a key. Inside strings a quote follows a backslash, and an opening
# quote follows a space or punctuation. So the quote in this pattern closes a key.
_VALUE = rf'(\w"\s*:\s*)({_NUMBER})'

# Every string or number token.
_TOKENS = rf'("(?:[^"\\]|\\.)*")|({_NUMBER})'

_MARK = "csw-number:"
_MARKED_IN_JSON = rf'"\\u0001{_MARK}([^"]*)"'


def read_jsonl(
    connection: duckdb.DuckDBPyConnection, path: Path, copy: Path, lines: int
) -> tuple[tuple[str, ...], int]:
    """Fill RAW and BROKEN from JSON Lines; return the keys in order of appearance, and the record count.

    Raises FileRefusedError for a JSON array, other JSON, a text without JSON, or a truncated last line.
    """
    _load_lines(connection, path, copy, lines)
    # Keep one row per set of keys, so that a million records with the same keys cost as much as one.
    connection.execute(
        f"create or replace temp table json_shapes as select kind, keys, count(*) as records, "
        "min(rowid) as first, max(rowid) as last from (select rowid, kind, "
        "case when kind = 'OBJECT' then json_keys(line) end as keys "
        f"from (select rowid, line, {_KIND} as kind from json_lines)) group by kind, keys"
    )
    _check_kinds(connection, path)
    tables.add_broken(
        connection,
        f"select rowid + 1, number, line, 'is not a JSON object' from json_lines where {_KIND} <> 'OBJECT'",
    )
    keys = _keys(connection)
    is_object = f"{_KIND} = 'OBJECT'" if tables.count(connection, tables.BROKEN) else "true"
    pointers = ", ".join(quote_literal(_pointer(key)) for key in keys)
    columns = ", ".join(f"{unmarked(f'fields[{place + 1}]')} as c{place}" for place in range(len(keys)))
    connection.execute(
        f"create or replace temp table delivered as select record, number as line, {columns} from "
        "(select record, number, "
        f"json_extract_string({_mark_every_number('line', 'quick')}, [{pointers}]) as fields "
        f"from (select rowid + 1 as record, number, line, {_mark_values('line')} as quick from json_lines "
        f"where {is_object}))"
    )
    tables.create_raw(connection, "select * from delivered")
    return tuple(keys), tables.count(connection, "json_lines")


def number_keys(connection: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> set[str]:
    """Return the keys of the last file with at least one number as a value."""
    if not keys:
        return set()
    numeric = "('DOUBLE', 'BIGINT', 'UBIGINT', 'HUGEINT')"
    flags = ", ".join(
        f"coalesce(bool_or(json_type(line, {quote_literal(_pointer(key))}) in {numeric}), false)"
        for key in keys
    )
    row = connection.execute(f"select {flags} from json_lines where {_KIND} = 'OBJECT'").fetchone()
    assert row is not None
    return {key for key, has_numbers in zip(keys, row, strict=True) if has_numbers}


def exact_fields(text: str, pointers: Sequence[str]) -> str:
    """Return SQL of the list of texts at JSON pointers, with marked numbers: see `unmarked`."""
    listed = ", ".join(quote_literal(pointer) for pointer in pointers)
    return f"json_extract_string({marked(text)}, [{listed}])"


def marked(text: str) -> str:
    """Return SQL of a JSON text in which every number that DuckDB might change is a marked string."""
    return _mark_every_number(text, _mark_values(text))


def unmarked(value: str) -> str:
    """Return SQL of a scalar without its mark, or of a nested value with its original numbers."""
    mark = f"chr(1) || {quote_literal(_MARK)}"
    return (
        f"case when starts_with({value}, {mark}) then substr({value}, {len(_MARK) + 2}) "
        f"when starts_with({value}, '{{') or starts_with({value}, '[') "
        f"then regexp_replace({value}, {quote_literal(_MARKED_IN_JSON)}, '\\1', 'g') else {value} end"
    )


def _load_lines(connection: duckdb.DuckDBPyConnection, path: Path, copy: Path, lines: int) -> None:
    """Read the lines of a file into json_lines, in order."""
    with path.open("rb") as source, copy.open("wb") as target:
        while chunk := source.read(_CHUNK):
            target.write(chunk.translate(_CLEAN))
    try:
        connection.execute(
            "create or replace temp table json_lines as select coalesce(line, '') as line, "
            "row_number() over () as number from "
            f"read_csv({quote_literal(copy)}, columns = {{'line': 'VARCHAR'}}, auto_detect = false, "
            f"header = false, delim = {quote_literal(_NO_DELIMITER)}, quote = '', escape = '', "
            f"max_line_size = {tables.MAX_LINE})"
        )
    except duckdb.Error as error:
        tables.raise_machine_error(error)
        raise FileRefusedError("not JSON Lines. Write one JSON object per line") from None
    if tables.count(connection, "json_lines") != lines:
        raise FileRefusedError("its lines cannot be separated reliably. Write one JSON object per line")
    if tables.scalar(connection, f"select count(*) from json_lines where {_IS_BLANK}"):
        connection.execute(
            f"create or replace temp table json_lines as select line, number from json_lines "
            f"where not {_IS_BLANK}"
        )


def _check_kinds(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    row = connection.execute(
        "select coalesce(sum(records), 0), count(*) filter (kind = 'OBJECT'), arg_min(kind, first), "
        "(select line[1] from json_lines where rowid = 0), arg_max(kind, last) from json_shapes"
    ).fetchone()
    assert row is not None
    records, objects, first, first_letter, last = row
    if not records:
        raise FileRefusedError("empty")
    if first == "ARRAY" or (first == "INVALID" and first_letter == "["):
        raise FileRefusedError("contains a JSON array, not JSON Lines. Write one JSON object per line")
    if not objects:
        raise FileRefusedError("not JSON Lines. Write one JSON object per line")
    if last == "INVALID" and not ends_with_newline(path):
        raise FileRefusedError("truncated: the last line is incomplete. Deliver the file again")


def _keys(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the keys of all objects, in order of appearance.

    Raises FileRefusedError if an object contains a key twice, because either value could be right.
    """
    found = connection.execute(
        "select key, max(times) > 1 from (select key, first, count(*) as times, min(place) as place from ("
        "select first, unnest(keys) as key, generate_subscripts(keys, 1) as place from json_shapes "
        "where kind = 'OBJECT') group by key, first) group by key order by min((first, place))"
    ).fetchall()
    twice = [key for key, is_twice in found if is_twice]
    if twice:
        raise FileRefusedError(f"an object contains the key {twice[0]!r} twice")
    return [key for key, _ in found]


def _mark_values(line: str) -> str:
    """Return SQL of the line, with numeric values of ordinary keys as marked strings."""
    marked = quote_literal(f'\\1"\\\\u0001{_MARK}\\2"')
    return (
        f"case when regexp_matches({line}, {quote_literal(_DELICATE)}) "
        f"then regexp_replace({line}, {quote_literal(_VALUE)}, {marked}, 'g') else {line} end"
    )


def _mark_every_number(line: str, quick: str) -> str:
    """Return SQL of `quick`, or of the line with all numbers marked if `quick` may contain unmarked ones.

    Strings match the first group of the pattern, numbers the second. Each match puts its number between two
    control characters. Empty pairs are removed, and the other control characters become quotes.
    """
    marked = f"regexp_replace({line}, {quote_literal(_TOKENS)}, '\\1' || chr(1) || '\\2' || chr(2), 'g')"
    emptied = f"replace({marked}, chr(1) || chr(2), '')"
    opening = quote_literal(f'"\\u0001{_MARK}')
    every = f"replace(replace({emptied}, chr(1), {opening}), chr(2), '\"')"
    return f"case when regexp_matches({quick}, {quote_literal(_DELICATE)}) then {every} else {quick} end"


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")
