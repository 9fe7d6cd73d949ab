"""Where the marts of releases are: in files of the home, or in tables of Spark's catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from orchestration.core.relations import Relations
from orchestration.core.settings import Settings
from orchestration.quality import AuditReport, Suite
from orchestration.releases.answers import QueryResult
from orchestration.releases.duckdb_store import DuckDbStore
from orchestration.releases.manifest import Manifest
from orchestration.releases.origins import CountedBatch


class Store(Protocol):
    """The marts of the releases of a home. `folder` is the folder of a release."""

    packages: Sequence[str]
    """The packages whose versions a manifest records."""

    def place(self, settings: Settings) -> str:
        """Say where readers find the marts of the current release."""

    def has_marts(self, settings: Settings, folder: Path) -> bool:
        """Return whether the marts of a release may be there. `verify` says whether they are unchanged."""

    def verify(self, settings: Settings, folder: Path, manifest: Manifest) -> None:
        """Raise PublishError unless the release has exactly the recorded files and marts."""

    def open_marts(self, settings: Settings, folder: Path) -> AbstractContextManager[Relations]:
        """Open the marts of a release. Raises PublishError if another process has locked them."""

    def open_copy(self, settings: Settings, folder: Path) -> AbstractContextManager[Relations]:
        """Open the marts of a release in a form that no other process can lock."""

    def audit(self, settings: Settings, folder: Path, suites: Mapping[str, Suite]) -> AuditReport:
        """Run every suite on the marts of a release."""

    def batches(self, settings: Settings, manifest: Manifest) -> Sequence[CountedBatch]:
        """Return the batches of a release."""

    def open_origins(
        self, settings: Settings, folder: Path, batches: Iterable[Any]
    ) -> AbstractContextManager[Relations]:
        """Open the marts of a release with its build and its batches."""

    def query(
        self, settings: Settings, release_id: str, sql: str, limit: int | None, seconds: float | None
    ) -> QueryResult:
        """Answer one SELECT on the marts of a release, as `releases.query` describes."""

    def show(self, settings: Settings, release_id: str) -> None:
        """Let readers see the release that has just become current. Raises PublishError."""

    def repair(self, settings: Settings) -> None:
        """Let readers see the current release if a process died before they could. Raises nothing."""

    def discard(self, settings: Settings, folder: Path) -> None:
        """Remove what a release or a candidate has outside of its folder, unless a release needs it."""


def _spark() -> Store:
    # sqlglot takes time to import, which the commands on DuckDB would wait for.
    from orchestration.releases.spark_store import SparkStore

    return SparkStore()


_STORES: Mapping[str, Callable[[], Store]] = {"duckdb": DuckDbStore, "spark": _spark}


def store_of(settings: Settings) -> Store:
    """Return the store of a home."""
    return _STORES[settings.engine]()
