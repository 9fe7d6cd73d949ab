"""The tables of a schema in PostgreSQL that `csw push` keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from orchestration.core.errors import SharingError
from orchestration.sharing.marts import Mart, OpenRelease
from orchestration.sharing.types import postgres_type

if TYPE_CHECKING:
    import psycopg

PUSHED_TABLE = "_pushed_marts"
"""The marts that pushes made, with their release. `csw push` touches no other table."""

_SCHEMA = "(select oid from pg_namespace where nspname = %s)"

_LOCK_SECONDS = 10
"""Longest wait for a lock. A reader delays a push only if the columns of a mart change."""


class Schema:
    """A schema, during one transaction."""

    def __init__(self, cursor: psycopg.Cursor, name: str) -> None:
        self._cursor = cursor
        self._name = name
        self._pushed: dict[str, str] = {}
        """The release of each mart that earlier pushes made."""
        self._tables: set[str] = set()
        self._columns: dict[str, dict[str, tuple[str, str | None]]] = {}
        """Type and description of the columns of each table."""
        self._descriptions: dict[str, str | None] = {}

    def begin(self) -> None:
        """Keep other pushes out until the transaction ends, create the schema, and read its tables.

        Raises SharingError if another push is at work.
        """
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            self._run("select set_config(%s, '0', true)", setting)
        self._run("select set_config('lock_timeout', %s, true)", f"{_LOCK_SECONDS}s")
        ((is_alone,),) = self._rows("select pg_try_advisory_xact_lock(hashtext('csw push'), hashtext(%s))")
        if not is_alone:
            raise SharingError(f"Another push to the schema {self._name} is at work. Wait until it ends.")
        if not self._rows("select 1 from pg_namespace where nspname = %s"):
            self._cursor.execute(sql.SQL("create schema {}").format(sql.Identifier(self._name)))
        named = self._rows(f"select relname from pg_class where relnamespace = {_SCHEMA}")
        self._tables = {name for (name,) in named}
        if PUSHED_TABLE in self._tables:
            query = sql.SQL("select mart, release_id from {}").format(self._of(PUSHED_TABLE))
            self._pushed = dict(self._cursor.execute(query).fetchall())
        else:
            self._cursor.execute(
                sql.SQL(
                    "create table {} (mart text primary key, release_id text not null,"
                    " pushed_at timestamp not null)"
                ).format(self._of(PUSHED_TABLE))
            )
        self._read_columns()

    def holds(self, release: OpenRelease) -> bool:
        """Whether the schema has exactly the marts of the release."""
        wanted = {mart.name: release.release_id for mart in release.marts}
        return self._pushed == wanted and self._tables.issuperset(wanted)

    def check(self, release: OpenRelease, *, is_partial: bool) -> list[str]:
        """Return the tables of earlier pushes that the release does not have.

        Raises SharingError if a table has the name of a mart and no push made it, or if a partial push would
        leave marts of another release.
        """
        wanted = {mart.name for mart in release.marts}
        foreign = sorted(wanted & self._tables - self._pushed.keys())
        if foreign:
            raise SharingError(
                f"The schema {self._name} has {', '.join(foreign)} already, and no push made it. Choose "
                "another schema with --schema, or rename it."
            )
        others = sorted(self._pushed.keys() - wanted)
        if others and is_partial:
            raise SharingError(
                f"The schema {self._name} also has {', '.join(others)}, and a schema has one release. Push "
                "without --marts, name these marts too, or choose another schema with --schema."
            )
        return others

    def changes_columns(self, mart: Mart) -> bool:
        """Whether the table exists and must get other columns."""
        if mart.name not in self._columns:
            return False
        found = {name: kind for name, (kind, _) in self._columns[mart.name].items()}
        return found != {column.name: postgres_type(mart, column) for column in mart.columns}

    def shape(self, mart: Mart) -> None:
        """Make an empty table with the columns and descriptions of the mart, in place."""
        table = self._of(mart.name)
        wanted = {column.name: postgres_type(mart, column) for column in mart.columns}
        found = self._columns.get(mart.name)
        if found is None:
            columns = sql.SQL(", ").join(map(_typed, wanted.items()))
            self._cursor.execute(sql.SQL("create table {} ({})").format(table, columns))
            found = {name: (kind, None) for name, kind in wanted.items()}
        else:
            self._cursor.execute(sql.SQL("delete from {}").format(table))
        kept = {name: described for name, described in found.items() if wanted.get(name) == described[0]}
        changes = [
            *(sql.SQL("drop column {}").format(sql.Identifier(name)) for name in found if name not in kept),
            *(
                sql.SQL("add column {}").format(_typed(item))
                for item in wanted.items()
                if item[0] not in kept
            ),
        ]
        if changes:
            self._cursor.execute(sql.SQL("alter table {} {}").format(table, sql.SQL(", ").join(changes)))
        if self._descriptions.get(mart.name) != mart.description:
            self._comment(sql.SQL("table {}").format(table), mart.description)
        for column in mart.columns:
            if kept.get(column.name, ("", None))[1] != column.description:
                target = sql.Identifier(self._name, mart.name, column.name)
                self._comment(sql.SQL("column {}").format(target), column.description)

    def record(self, mart: Mart, release_id: str) -> None:
        """Record which release the mart is of."""
        self._cursor.execute(
            sql.SQL(
                "insert into {} values (%s, %s, now() at time zone 'UTC') on conflict (mart) do update"
                " set release_id = excluded.release_id, pushed_at = excluded.pushed_at"
            ).format(self._of(PUSHED_TABLE)),
            (mart.name, release_id),
        )

    def drop(self, name: str) -> None:
        """Drop a table of an earlier push."""
        self._cursor.execute(sql.SQL("drop table if exists {}").format(self._of(name)))
        self._cursor.execute(
            sql.SQL("delete from {} where mart = %s").format(self._of(PUSHED_TABLE)), (name,)
        )

    def copy_statement(self, mart: Mart) -> sql.Composed:
        """Return the COPY statement that reads the mart as CSV."""
        columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in mart.columns)
        return sql.SQL("copy {} ({}) from stdin (format csv)").format(self._of(mart.name), columns)

    def vacuum_statement(self, release: OpenRelease) -> sql.Composed:
        """Return the statement that frees the old rows, without a lock that blocks readers."""
        tables = sql.SQL(", ").join(self._of(mart.name) for mart in release.marts)
        return sql.SQL("vacuum (analyze, truncate false) {}").format(tables)

    def _read_columns(self) -> None:
        for table, description, column, kind, comment in self._rows(
            "select relname, obj_description(c.oid, 'pg_class'), attname, format_type(atttypid, atttypmod),"
            " col_description(c.oid, attnum) from pg_class as c join pg_attribute as a on a.attrelid = c.oid"
            f" where relnamespace = {_SCHEMA} and relkind = 'r' and attnum > 0 and not attisdropped"
            " order by relname, attnum"
        ):
            self._descriptions[table] = description
            self._columns.setdefault(table, {})[column] = (kind, comment)

    def _of(self, table: str) -> sql.Identifier:
        return sql.Identifier(self._name, table)

    def _comment(self, target: sql.Composed, text: str | None) -> None:
        self._cursor.execute(sql.SQL("comment on {} is {}").format(target, sql.Literal(text)))

    def _run(self, query: str, value: str) -> None:
        self._cursor.execute(query.encode(), (value,))

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose only parameter is the name of the schema."""
        return self._cursor.execute(query.encode(), (self._name,)).fetchall()


def _typed(column: tuple[str, str]) -> sql.Composed:
    name, kind = column
    return sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
