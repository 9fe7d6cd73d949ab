"""How DuckDB's types and values become PostgreSQL's."""

from __future__ import annotations

import re

from orchestration.core.errors import SharingError
from orchestration.core.wording import count
from orchestration.sharing.marts import Column, Mart, OpenRelease

NAME_BYTES = 63
"""PostgreSQL cuts longer names."""

# The names that PostgreSQL's format_type() returns.
_TYPES = {
    "BOOLEAN": "boolean",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "numeric(39,0)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "DATE": "date",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}
_DECIMAL = re.compile(r"DECIMAL(\(\d+,\d+\))")


def postgres_type(mart: Mart, column: Column) -> str:
    """Return the type of a column in PostgreSQL. Raises SharingError if there is none."""
    inner = column.data_type.removesuffix("[]")
    decimal = _DECIMAL.fullmatch(inner)
    found = f"numeric{decimal[1]}" if decimal else _TYPES.get(inner)
    if found is None:
        raise SharingError(
            f"{mart.name}.{column.name} has the type {column.data_type}, which has no counterpart in "
            f"PostgreSQL. Cast it in the model, or leave the mart out with --marts."
        )
    return f"{found}[]" if column.data_type.endswith("[]") else found


def as_postgres_csv(mart: Mart) -> str:
    """Return the columns of a SELECT whose CSV PostgreSQL reads: lists become its array literals."""
    return ", ".join(
        f"{_array(column.quoted)} as {column.quoted}" if column.data_type.endswith("[]") else column.quoted
        for column in mart.columns
    )


def _array(column: str) -> str:
    item = r"""'"' || replace(replace(cast(x as varchar), '\', '\\'), '"', '\"') || '"'"""
    items = f"array_to_string(list_transform({column}, lambda x: coalesce({item}, 'NULL')), ',')"
    # A list without items makes an empty text, and a missing list stays null.
    return f"if({column} is null, null, '{{' || coalesce({items}, '') || '}}')"


def refuse_what_postgres_cannot_hold(release: OpenRelease) -> None:
    """Raise SharingError for a type or name that PostgreSQL lacks, or a text with the character NUL."""
    for mart in release.marts:
        for name in (mart.name, *(column.name for column in mart.columns)):
            if len(name.encode()) > NAME_BYTES:
                raise SharingError(
                    f"The name {name!r} in {mart.name} has more than {NAME_BYTES} bytes, and PostgreSQL "
                    "would cut it. Shorten the name, or leave the mart out with --marts."
                )
        texts = [column for column in mart.columns if postgres_type(mart, column).startswith("text")]
        if not texts:
            continue
        counts = ", ".join(
            f"count(*) filter (contains(cast({column.quoted} as varchar), chr(0)))" for column in texts
        )
        found = release.connection.execute(f"select {counts} from {mart.relation}").fetchone() or ()
        for column, bad in zip(texts, found, strict=True):
            if bad:
                raise SharingError(
                    f"{count(bad, 'text')} of {mart.name}.{column.name} contain the character NUL, which "
                    "PostgreSQL cannot store. Correct the delivered file, or leave the mart out with --marts."
                )
