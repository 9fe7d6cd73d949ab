"""One SELECT on the marts of a release on Spark. It can name nothing but these marts."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlglot
from sqlglot import exp

from orchestration.core.errors import QueryError, UnreadableError
from orchestration.releases.answers import QueryResult
from orchestration.spark.warehouse import collected, spark_errors

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MARTS = "marts"

# sqlglot warns about statements that it does not know. They are no SELECT, so the message below says more.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_FORBIDDEN = frozenset({"reflect", "java_method", "try_reflect"})
"""Functions that call code of Java instead of answering from rows."""


def answer(
    session: SparkSession,
    schema: str,
    marts: Collection[str],
    sql: str,
    limit: int | None,
    seconds: float | None,
) -> QueryResult:
    """Return the answer to one SELECT in Spark's SQL on the `marts`, which are in `schema`.

    Raises QueryError for anything else, for a query that fails, and after `seconds`.
    """
    query = checked(sql, schema, marts)
    is_late: list[bool] = []
    try:
        with spark_errors(), _interrupted_after(session, seconds, is_late):
            frame = session.sql(query)
            columns = tuple(frame.columns)
            rows = collected(frame if limit is None else frame.limit(limit + 1))
    except UnreadableError as error:
        if is_late:
            raise QueryError(
                f"The query did not end within {seconds:g} seconds and was stopped. Raise the limit with "
                "--timeout, or read less: filter by month or dimension, or name fewer columns."
            ) from None
        raise QueryError(f"The query failed. {error}") from None
    if limit is None:
        return QueryResult(columns, rows, False)
    return QueryResult(columns, rows[:limit], len(rows) > limit)


def checked(sql: str, schema: str, marts: Collection[str]) -> str:
    """Return the query with the marts in `schema`. Raises QueryError unless it is one SELECT on marts.

    Spark runs the text that this function writes from the parsed query, not the text of the user.
    """
    try:
        statements = [one for one in sqlglot.parse(sql, read="spark") if one is not None]
    except sqlglot.errors.SqlglotError as error:
        raise QueryError(f"The query is not Spark's SQL. {str(error).splitlines()[0]}") from None
    if len(statements) != 1:
        raise QueryError(
            f"Give exactly one SELECT statement. The query contains {len(statements)} statements."
        )
    (query,) = statements
    if not isinstance(query, exp.Query):
        raise QueryError(f"A query must be a SELECT, not {sql.split()[0].upper()}.")
    if query.find(exp.Into, exp.Command, exp.DML, exp.DDL, exp.QueryTransform) or any(
        function.name.lower() in _FORBIDDEN for function in query.find_all(exp.Anonymous)
    ):
        raise QueryError("A query must be a SELECT that only reads marts.")
    named = _rename_ctes(query)
    for table in list(query.find_all(exp.Table)):
        _place(table, named, schema, marts)
    return query.sql(dialect="spark")


def _rename_ctes(query: exp.Query) -> dict[str, str]:
    """Give every `with` a name that no relation has, and return these names by those of the user.

    Otherwise a `with` could hide a relation of its own name that is no mart.
    """
    named: dict[str, str] = {}
    for cte in query.find_all(exp.CTE):
        name = named.setdefault(cte.alias.lower(), f"csw_with_{len(named)}")
        cte.args["alias"].set("this", exp.to_identifier(name))
    return named


def _place(table: exp.Table, named: Mapping[str, str], schema: str, marts: Collection[str]) -> None:
    """Put the schema of the release before the name of a mart, or use the new name of a `with`."""
    shown, name = table.sql(dialect="spark"), table.name.lower()
    if not isinstance(table.this, exp.Identifier):
        raise QueryError(f"A query can read marts only, not {shown}.")
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    if not table.db and name in named:
        table.set("this", exp.to_identifier(named[name]))
        return
    if table.catalog or table.db.lower() not in ("", MARTS) or name not in marts:
        raise QueryError(
            f"There is no mart {shown} in this release. README.md lists the marts, and `csw diff <A> <B>` "
            "those that came or went between two releases."
        )
    table.set("db", exp.to_identifier(schema))
    table.set("this", exp.to_identifier(name, quoted=True))


@contextmanager
def _interrupted_after(session: SparkSession, seconds: float | None, is_late: list[bool]) -> Iterator[None]:
    """Interrupt the statements of the block if it takes longer than `seconds`."""
    if seconds is None:
        yield
        return
    tag = f"csw-{uuid4().hex}"

    def interrupt() -> None:
        is_late.append(True)
        session.interruptTag(tag)

    timer = Timer(seconds, interrupt)
    session.addTag(tag)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        session.removeTag(tag)
