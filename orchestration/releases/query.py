"""Query a release with one SELECT, which can change nothing and read nothing else."""

from __future__ import annotations

from orchestration.core.settings import Settings
from orchestration.releases.answers import QueryResult
from orchestration.releases.store import store_of


def query_current(settings: Settings, sql: str, *, limit: int | None = None) -> QueryResult:
    """Run one SELECT on the marts of the current release, like `query_release`."""
    return query_release(settings, sql, limit=limit)


def query_release(
    settings: Settings,
    sql: str,
    release_id: str = "current",
    *,
    limit: int | None = None,
    seconds: float | None = None,
) -> QueryResult:
    """Run one SELECT of the home's engine on the marts of a release; return at most `limit` rows.

    Raises QueryError for anything except one valid SELECT, and if the query takes longer than `seconds`.
    Raises PublishError if the release does not exist or another process has opened its file for writing.
    """
    return store_of(settings).query(settings, release_id, sql, limit, seconds)
