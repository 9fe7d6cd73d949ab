"""Translates the project's SQL, which is written for DuckDB, to Spark's."""

from __future__ import annotations

from collections.abc import Mapping

import sqlglot
from sqlglot import exp

from orchestration.spark.translations import translated


def spark_sql(sql: str, schemas: Mapping[str, str]) -> str:
    """Return one statement in Spark's SQL, in which tables of the schemas have other schemas.

    A catalog in front of a renamed schema is dropped, so `release.marts.dim_accounts` becomes
    `csw_1_marts.dim_accounts`. Raises sqlglot.errors.SqlglotError for SQL that Spark does not have.
    """
    tree = sqlglot.parse_one(sql, read="duckdb")
    for table in tree.find_all(exp.Table):
        if table.db in schemas:
            table.set("db", exp.to_identifier(schemas[table.db]))
            table.set("catalog", None)
    return translated(tree).sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
