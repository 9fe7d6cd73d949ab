"""The marts of a release on DuckDB: a database file of its folder, and the same marts as Parquet files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Timer

import duckdb

from orchestration.core.database import attach_release, connect
from orchestration.core.errors import PublishError, QueryError
from orchestration.core.relations import Relations, open_marts
from orchestration.core.settings import Settings
from orchestration.dbt_runner.invocation import WAREHOUSE_FILE
from orchestration.landing import Batch, recorded_batches
from orchestration.quality import AuditReport, Suite, audit_marts
from orchestration.releases.answers import QueryResult
from orchestration.releases.export import ALIAS_FILE, MARTS_FILE, PARQUET_DIR
from orchestration.releases.history import release_folder
from orchestration.releases.manifest import Manifest, verify_files
from orchestration.releases.origins import open_origins

_READING = ("SELECT", "EXPLAIN")


class DuckDbStore:
    """The marts are files, so a release is seen as soon as `current` points to its folder."""

    packages: Sequence[str] = ("duckdb", "dbt-duckdb")

    def place(self, settings: Settings) -> str:
        return f"{settings.current}/{ALIAS_FILE} (also {MARTS_FILE}), and Parquet in the same folder"

    def has_marts(self, settings: Settings, folder: Path) -> bool:
        return (folder / PARQUET_DIR).is_dir()

    def verify(self, settings: Settings, folder: Path, manifest: Manifest) -> None:
        if all(file["path"] != MARTS_FILE for file in manifest["files"]):
            raise PublishError(f"The manifest of release {folder.name} does not list {MARTS_FILE}.")
        verify_files(folder, manifest)

    def open_marts(self, settings: Settings, folder: Path) -> AbstractContextManager[Relations]:
        return open_marts(folder / MARTS_FILE)

    def open_copy(self, settings: Settings, folder: Path) -> AbstractContextManager[Relations]:
        return open_marts(folder / PARQUET_DIR)

    def audit(self, settings: Settings, folder: Path, suites: Mapping[str, Suite]) -> AuditReport:
        return audit_marts(folder / MARTS_FILE, suites)

    def batches(self, settings: Settings, manifest: Manifest) -> Sequence[Batch]:
        return recorded_batches(settings, manifest["raw_batches"])

    def open_origins(
        self, settings: Settings, folder: Path, batches: Iterable[Batch]
    ) -> AbstractContextManager[Relations]:
        return open_origins(settings, folder / WAREHOUSE_FILE, folder / MARTS_FILE, batches)

    def query(
        self, settings: Settings, release_id: str, sql: str, limit: int | None, seconds: float | None
    ) -> QueryResult:
        return _answer(marts_file(settings, release_id), sql, limit, seconds)

    def show(self, settings: Settings, release_id: str) -> None:
        """Do nothing: readers open the link `current`."""

    def repair(self, settings: Settings) -> None:
        """Do nothing: readers open the link `current`."""

    def discard(self, settings: Settings, folder: Path) -> None:
        """Do nothing: the folder has everything."""


def _answer(path: Path, sql: str, limit: int | None, seconds: float | None) -> QueryResult:
    with connect() as connection:
        # Attach under another name. Opened directly, the database has the name of its schema, marts, and
        # `marts.mrr_monthly` is ambiguous.
        attach_release(connection, path)
        for statement in (
            "use release.marts",
            "set python_enable_replacements = false",
            "set enable_external_access = false",
            "set lock_configuration = true",
        ):
            connection.execute(statement)
        _only_one_select(connection, sql)
        try:
            with _interrupted_after(connection, seconds):
                connection.execute(sql)
                rows = connection.fetchall() if limit is None else connection.fetchmany(limit + 1)
        except duckdb.InterruptException:
            raise QueryError(
                f"The query did not end within {seconds:g} seconds and was stopped. Raise the limit with "
                "--timeout, or read less: filter by month or dimension, or name fewer columns."
            ) from None
        except duckdb.Error as error:
            raise QueryError(_describe(error)) from None
        columns = tuple(column[0] for column in connection.description or ())
    if limit is None:
        return QueryResult(columns, rows, False)
    return QueryResult(columns, rows[:limit], len(rows) > limit)


def marts_file(settings: Settings, release_id: str) -> Path:
    """Return the file with the marts of a release. Raises PublishError if there is none."""
    folder = release_folder(settings, release_id)
    path = folder / MARTS_FILE
    if not folder.is_dir() and release_id != "current":
        raise PublishError(f"There is no release {release_id}. `csw releases` lists the existing releases.")
    if not path.is_file():
        raise PublishError(
            f"The release {folder.name} has no {MARTS_FILE}. If it is current, choose another release with "
            "`csw rollback <id>`."
        )
    return path


@contextmanager
def _interrupted_after(connection: duckdb.DuckDBPyConnection, seconds: float | None) -> Iterator[None]:
    """Interrupt the statement of the block if it takes longer than `seconds`."""
    if seconds is None:
        yield
        return
    timer = Timer(seconds, connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        # The timer may be interrupting, which needs an open connection.
        timer.join()


def _only_one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(_describe(error)) from None
    kinds = [statement.type.name for statement in statements]
    if len(kinds) != 1:
        raise QueryError(f"Give exactly one SELECT statement. The query contains {len(kinds)} statements.")
    # DuckDB 1.5 treats some pragmas as SELECT, and they reveal more than the marts.
    if sql.lstrip().lower().startswith("pragma"):
        raise QueryError("A query must be a SELECT, not PRAGMA.")
    if kinds[0] not in _READING:
        raise QueryError(f"A query must be a SELECT, not {kinds[0].replace('_', ' ')}.")


def _describe(error: duckdb.Error) -> str:
    return f"The query failed. {str(error).strip()}"
