"""What the steps of a run do differently on each engine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from orchestration.core.relations import Relations
from orchestration.core.settings import Settings
from orchestration.dbt_runner.invocation import DbtEvent
from orchestration.dbt_runner.mart_contract import MartContracts
from orchestration.dbt_runner.runner import DbtResult
from orchestration.landing import Batch, LandingReport
from orchestration.pipeline.on_duckdb import OnDuckDb
from orchestration.quality import AuditReport, Suite
from orchestration.releases.candidate import Candidate
from orchestration.releases.export import Export, ExportedFile, ReleaseStamp


class Engine(Protocol):
    """The parts of a run that depend on where its data are. The steps call them in this order."""

    reads_files: bool
    """Whether raw data come from files of the landing folder."""

    def companions(self, settings: Settings) -> AbstractContextManager[None]:
        """End the processes that help a run after the block. The caller holds the lock."""

    def warm_up(self, settings: Settings) -> None:
        """Start slow work that the next steps need."""

    def wait_for_parsing(self, settings: Settings) -> None:
        """Wait until the dbt project is parsed, if a companion parses it."""

    def may_have_news(self, settings: Settings) -> bool:
        """Return whether `land` has to look at the raw data. Must take no time."""

    def land(self, settings: Settings, candidate: Candidate) -> tuple[LandingReport, tuple[Batch, ...]]:
        """Land what is new; return the report, and all accepted batches in load order."""

    def check(self, settings: Settings, batches: Sequence[Batch], *, are_new: bool) -> None:
        """Log the warnings about a delivery. Raises LandingError if a problem stops the run."""

    def build(
        self,
        settings: Settings,
        candidate: Candidate,
        *,
        on_event: Callable[[DbtEvent], None],
        skip: Collection[str],
    ) -> DbtResult:
        """Create the sources of the candidate anew, and build on them. Raises BuildError."""

    def export(
        self, settings: Settings, candidate: Candidate, stamp: ReleaseStamp, contracts: MartContracts
    ) -> Export:
        """Turn the built marts into exactly what will be served. Raises BuildError."""

    def write_pages(self, candidate: Candidate, export: Export) -> list[ExportedFile]:
        """Write what people read in the release, and return the sealed files."""

    def batches(self, settings: Settings, candidate: Candidate) -> Sequence[Batch]:
        """Return the batches that the candidate was built from, in load order."""

    def audit(
        self,
        settings: Settings,
        candidate: Candidate,
        suites: Mapping[str, Suite],
        progress: Callable[[str], None],
    ) -> AuditReport:
        """Run every suite on exactly what will be served."""

    def open_marts(self, settings: Settings, candidate: Candidate) -> AbstractContextManager[Relations]:
        """Open the exported marts."""

    def open_origins(self, settings: Settings, candidate: Candidate) -> AbstractContextManager[Relations]:
        """Open the exported marts with the build and its raw relations. `settings` are those of the build."""

    def kept_files(self, candidate: Candidate) -> Sequence[Path]:
        """Return the files of the build that the release keeps beside the export."""


def _spark() -> Engine:
    # sqlglot takes time to import, which runs on DuckDB would wait for.
    from orchestration.pipeline.on_spark import OnSpark

    return OnSpark()


_ENGINES: Mapping[str, Callable[[], Engine]] = {"duckdb": OnDuckDb, "spark": _spark}


def engine_of(settings: Settings) -> Engine:
    """Return the engine of a warehouse."""
    return _ENGINES[settings.engine]()
