"""The marts of a build on Spark: their stamps, and the digests by which a changed table shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from orchestration.core.database import quote_literal
from orchestration.core.errors import BuildError
from orchestration.releases.export import (
    LOG_TABLES,
    RELEASE_TABLE,
    UNRELEASED,
    Columns,
    Export,
    ExportedTable,
    ReleaseStamp,
    missing_mart,
)
from orchestration.spark.warehouse import SparkWarehouse, collected, spark_errors

_LAYER = "marts"


def stamp_marts(
    warehouse: SparkWarehouse, stamp: ReleaseStamp, published: Iterable[str], earlier: Iterable[str]
) -> Export:
    """Write the release's id into the `published` marts, and describe them.

    `earlier` are the ids that earlier attempts wrote into the same tables. Raises BuildError if a mart is
    missing that every release has.
    """
    built = set(warehouse.tables(_LAYER))
    marts = sorted(built & set(published))
    if lost := missing_mart(marts):
        raise BuildError(lost)
    known_at = _timestamp(stamp.known_at) if stamp.known_at else "cast(null as timestamp)"
    _replace(
        warehouse,
        RELEASE_TABLE,
        {
            "release_id": quote_literal(stamp.release_id),
            "published_at": _timestamp(stamp.published_at),
            "code_version": quote_literal(stamp.code_version),
            "checks_passed": str(stamp.checks_passed),
            "raw_batches": str(stamp.raw_batches),
            "known_at": known_at,
        },
    )
    unreleased = ", ".join(map(quote_literal, (UNRELEASED, *earlier)))
    column = "first_seen_in_release"
    for table in LOG_TABLES:
        stamped = f"if({column} in ({unreleased}), {quote_literal(stamp.release_id)}, {column})"
        _replace(warehouse, table, {column: stamped})
    columns = {mart: _columns(warehouse, mart) for mart in marts}
    found = digests(warehouse, {mart: [name for name, _, _ in columns[mart]] for mart in marts})
    tables = (ExportedTable(mart, found[mart][0], columns[mart], found[mart][1]) for mart in marts)
    return Export(files=(), tables=tuple(tables))


def digests(warehouse: SparkWarehouse, columns: Mapping[str, Iterable[str]]) -> dict[str, tuple[int, str]]:
    """Return the number of rows and a digest of the rows of marts, whatever their order.

    `columns` are the columns that count, by mart. Raises UnreadableError if a mart or a column is missing.
    """
    queries = []
    for mart, names in columns.items():
        cells = ", ".join(f"`{name}`" for name in names)
        # The hash skips nulls, so it also gets the places where they are.
        nulls = ", ".join(f"`{name}` is null" for name in names)
        row = f"{cells}, array({nulls})"
        queries.append(
            f"select {quote_literal(mart)} as mart, count(*) as counted,"
            f" coalesce(sum(cast(xxhash64({row}) as decimal(38, 0))), 0) as total,"
            f" coalesce(bit_xor(xxhash64('csw', {row})), 0) as mixed from {_table(warehouse, mart)}"
        )
    with spark_errors():
        rows = collected(warehouse.session.sql(" union all ".join(queries)))
    return {mart: (counted, f"{counted}:{total}:{mixed}") for mart, counted, total, mixed in rows}


def _replace(warehouse: SparkWarehouse, table: str, values: Mapping[str, str]) -> None:
    """Replace the values of columns by SQL of the row, in place, so that descriptions stay.

    A table cannot be overwritten from itself, so the rows go through another one.
    """
    described = warehouse.session.table(_table(warehouse, table)).dtypes
    listed = ", ".join(
        f"cast({values[name]} as {kind}) as `{name}`" if name in values else f"`{name}`"
        for name, kind in described
    )
    target, stamped = _table(warehouse, table), _table(warehouse, f"{table}__stamped")
    for statement in (
        f"drop table if exists {stamped}",
        f"create table {stamped} as select {listed} from {target}",
        f"insert overwrite table {target} select * from {stamped}",
        f"drop table {stamped}",
    ):
        warehouse.session.sql(statement)


def _columns(warehouse: SparkWarehouse, mart: str) -> Columns:
    fields = warehouse.session.table(_table(warehouse, mart)).schema.fields
    comments = {field.name: field.metadata.get("comment") for field in fields}
    return tuple((name, kind, comments[name]) for name, kind in warehouse.columns(_LAYER, mart))


def _table(warehouse: SparkWarehouse, mart: str) -> str:
    return f"{warehouse.schemas[_LAYER]}.`{mart}`"


def _timestamp(moment: datetime) -> str:
    return f"timestamp {quote_literal(moment.replace(tzinfo=None).isoformat(sep=' '))}"
