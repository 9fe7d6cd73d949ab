"""Releases: exporting marts, describing and publishing them, and asking the current one."""

from orchestration.releases.publish import (
    Published,
    ReleaseInfo,
    current_release_id,
    list_releases,
    publish,
    rollback,
)
from orchestration.releases.query import QueryResult, query_current

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
