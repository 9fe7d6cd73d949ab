"""The steps of a run on DuckDB: it lands files, builds one database and exports the marts to files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from orchestration.core.database import connect
from orchestration.core.files import remove_tree
from orchestration.core.relations import Relations, open_marts
from orchestration.core.settings import Settings
from orchestration.dbt_runner.builder import build, dbt_beside, wait_for_parsing
from orchestration.dbt_runner.builder import warm_up as warm_up_dbt
from orchestration.dbt_runner.invocation import WAREHOUSE_FILE, DbtEvent
from orchestration.dbt_runner.mart_contract import MartContracts
from orchestration.dbt_runner.runner import DbtResult
from orchestration.landing import (
    Batch,
    LandingReport,
    accepted_batches,
    gone_files,
    land,
    pending_files,
    recorded_batches,
)
from orchestration.pipeline.deliveries import check_batches
from orchestration.pipeline.sources import create_sources
from orchestration.quality import AuditReport, Suite
from orchestration.quality.auditor import audit
from orchestration.quality.auditor import warm_up as warm_up_audit
from orchestration.releases.candidate import Candidate
from orchestration.releases.export import MARTS_FILE, Export, ExportedFile, ReleaseStamp, export_marts
from orchestration.releases.origins import open_origins
from orchestration.releases.pages import write_pages


class OnDuckDb:
    """The engine of a warehouse whose data are files of its home. `Engine` describes the methods."""

    reads_files = True

    def companions(self, settings: Settings) -> AbstractContextManager[None]:
        return dbt_beside(settings)

    def warm_up(self, settings: Settings) -> None:
        warm_up_dbt(settings)

    def wait_for_parsing(self, settings: Settings) -> None:
        wait_for_parsing(settings)

    def may_have_news(self, settings: Settings) -> bool:
        return bool(pending_files(settings) or gone_files(settings))

    def land(self, settings: Settings, candidate: Candidate) -> tuple[LandingReport, tuple[Batch, ...]]:
        report = land(settings)
        batches = tuple(accepted_batches(settings))
        candidate.lap("land")
        return report, batches

    def check(self, settings: Settings, batches: Sequence[Batch], *, are_new: bool) -> None:
        check_batches(settings, batches, are_new=are_new)

    def build(
        self,
        settings: Settings,
        candidate: Candidate,
        *,
        on_event: Callable[[DbtEvent], None],
        skip: Collection[str],
    ) -> DbtResult:
        """The database starts empty, so no state carries over and the table of a removed model disappears."""
        warm_up_audit()
        for path in candidate.folder.glob(f"{WAREHOUSE_FILE}*"):
            path.unlink()
        with connect(candidate.warehouse) as connection:
            parent = candidate.noted("parent")["parent"]
            create_sources(connection, settings, self.batches(settings, candidate), parent)
        return build(settings, candidate.warehouse, on_event=on_event, skip=skip)

    def export(
        self, settings: Settings, candidate: Candidate, stamp: ReleaseStamp, contracts: MartContracts
    ) -> Export:
        remove_tree(candidate.export)
        return export_marts(candidate.warehouse, candidate.export, stamp, contracts)

    def write_pages(self, candidate: Candidate, export: Export) -> list[ExportedFile]:
        return write_pages(candidate)

    def audit(
        self,
        settings: Settings,
        candidate: Candidate,
        suites: Mapping[str, Suite],
        progress: Callable[[str], None],
    ) -> AuditReport:
        return audit(candidate.export / MARTS_FILE, suites, progress=progress)

    def batches(self, settings: Settings, candidate: Candidate) -> list[Batch]:
        return recorded_batches(settings, candidate.noted("raw_batches")["raw_batches"])

    def open_marts(self, settings: Settings, candidate: Candidate) -> AbstractContextManager[Relations]:
        return open_marts(candidate.export / MARTS_FILE)

    def open_origins(self, settings: Settings, candidate: Candidate) -> AbstractContextManager[Relations]:
        marts, batches = candidate.export / MARTS_FILE, self.batches(settings, candidate)
        return open_origins(settings, candidate.warehouse, marts, batches)

    def kept_files(self, candidate: Candidate) -> Sequence[Path]:
        return (candidate.warehouse,)
