"""Releases: export, describe, publish and query the marts."""

from orchestration.releases.answers import QueryResult
from orchestration.releases.history import current_release_id
from orchestration.releases.listing import ReleaseInfo, list_releases
from orchestration.releases.publish import Published, publish, rollback
from orchestration.releases.query import query_current

__all__ = [
    "Published",
    "QueryResult",
    "ReleaseInfo",
    "current_release_id",
    "list_releases",
    "publish",
    "query_current",
    "rollback",
]
