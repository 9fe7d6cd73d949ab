"""Small releases to test the gate: every mart has the columns of its contract, and one row or a few."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from orchestration.core.lock import hold_lock
from orchestration.core.relations import open_marts
from orchestration.core.settings import Settings
from orchestration.dbt_runner.invocation import WAREHOUSE_FILE
from orchestration.pipeline.steps import publish_step
from orchestration.quality import AuditReport, CheckResult, Suite, declared_checks
from orchestration.releases import current_release_id
from orchestration.releases.acceptance import accept_findings, inspect_release, record_gate
from orchestration.releases.candidate import Candidate, open_candidate
from orchestration.releases.export import MARTS_FILE, ReleaseStamp, export_marts
from orchestration.releases.manifest import read_manifest, write_manifest
from tests.shared import declared_contracts, declared_suites, spare_parsing

# Month -> closing MRR and customers.
MONTHS = {"2024-11-01": ("10.0000", 1), "2024-12-01": ("12.5000", 1)}
Months = Mapping[str, tuple[str, int]]


def make_warehouse(path: Path, months: Months = MONTHS, rows: Mapping[str, int] | None = None) -> None:
    """A database like dbt's: `mrr_monthly` has these months, and every other mart has one row or `rows`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_warehouse(tuple(months.items()), tuple((rows or {}).items())))


@cache
def _warehouse(months: tuple[tuple[str, tuple[str, int]], ...], rows: tuple[tuple[str, int], ...]) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / WAREHOUSE_FILE
        _fill(path, dict(months), dict(rows))
        return path.read_bytes()


def _fill(path: Path, months: Months, rows: Mapping[str, int]) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create schema marts; create schema staging; create table staging.secret as select 1 as a"
        )
        for mart, contract in declared_contracts().items():
            typed = ", ".join(
                f'cast(null as {column.data_type}) as "{name}"' for name, column in contract.columns.items()
            )
            count = rows.get(mart, 1)
            connection.execute(f"create table marts.{mart} as select {typed} from range({count})")
        connection.execute("delete from marts.mrr_monthly")
        for month, (closing, customers) in months.items():
            connection.execute(
                "insert into marts.mrr_monthly by name select ?::date as month, 'all' as dimension,"
                " 'all' as dimension_value, ?::date < date '2024-12-01' as is_complete,"
                " ?::decimal(18, 4) as closing_mrr, ?::bigint as closing_customers",
                [month, month, closing, customers],
            )
        connection.execute(
            "update marts._release set as_of = timestamp '2025-01-01', release_id = 'development'"
        )
        connection.execute("comment on table marts.mrr_monthly is 'Monthly recurring revenue'")
        connection.execute("comment on column marts.mrr_monthly.closing_mrr is 'At the end; it''s signed'")


def make_report(*failing: str, suites: Mapping[str, Suite] | None = None) -> AuditReport:
    """The record of an audit of all declared checks; those of the marts `failing` fail."""
    suites = declared_suites() if suites is None else suites
    results = tuple(
        CheckResult(
            mart=mart,
            check=check,
            severity=severity,
            outcome="failed" if mart in failing and severity == "error" else "passed",
            expected="0 rows",
            observed="3 of 120 rows",
            message=f"{mart}.{check}: expected 0 rows, found 3 of 120 rows",
        )
        for mart, check, severity in declared_checks(suites)
    )
    digests = {mart: suite.digest for mart, suite in suites.items()}
    return AuditReport(results, len(results), len(results), digests)


def make_candidate(
    settings: Settings,
    release_id: str,
    *,
    report: AuditReport | None = None,
    months: Months = MONTHS,
    rows: Mapping[str, int] | None = None,
    change: str | None = None,
    run_id: str | None = None,
    **facts: Any,
) -> Candidate:
    """A candidate in the state after the first three steps; `change` is SQL that runs on its database."""
    if not settings.dbt.exists():
        spare_parsing(settings)
    candidate = open_candidate(settings, run_id or f"run-{release_id}")
    candidate.begin()
    make_warehouse(candidate.warehouse, months, rows)
    candidate.dbt_manifest.write_text("{}", encoding="utf-8")
    if change:
        with duckdb.connect(str(candidate.warehouse)) as connection:
            connection.execute(change)
    stamp = ReleaseStamp(release_id, settings.as_of, "abc", checks_passed=7, raw_batches=2)
    export = export_marts(candidate.warehouse, candidate.export, stamp, declared_contracts())
    audit = (report or make_report()).to_json()
    candidate.note(
        as_of=settings.as_of.isoformat(),
        as_of_is_given=True,
        known_at=None,
        experiment=None,
        restatements={"figures": 0, "months": [], "cause": None},
        policies={},
        project_policies={},
        hash_key_id=None,
        parent=current_release_id(settings),
        code_version="abc",
        fingerprint=release_id,
        forced=False,
        landing={},
        raw_batches=[],
        withdrawn_batches=[],
        deliveries={},
        dbt={"results": {"success": 10, "pass": 7}, "checks_passed": 7},
        release_id=release_id,
        created_at="2025-01-01T00:00:00+00:00",
        files=[vars(file) for file in export.files],
        tables={
            table.name: {
                "rows": table.rows,
                "columns": [{"name": name, "type": kind} for name, kind, _ in table.columns],
            }
            for table in export.tables
        },
        audit=audit,
        reconciliation=[],
    )
    candidate.note(**facts)
    if "gate" not in facts:
        candidate.note(gate=look(settings, candidate))
    return candidate


def look(settings: Settings, candidate: Candidate) -> dict[str, Any]:
    """The record of the gate for a candidate."""
    noted = candidate.noted("audit")
    with open_marts(candidate.export / MARTS_FILE) as marts:
        findings = inspect_release(settings, marts, noted, noted["parent"])
    return record_gate(noted["parent"], findings, accept_findings(settings, findings, noted["parent"]))


def make_release(settings: Settings, release_id: str, **facts: Any) -> str:
    candidate = make_candidate(settings, release_id, **facts)
    with hold_lock(settings.lock_file, "a test") as lock:
        return publish_step(settings, candidate, lock).release_id


def unpublish(settings: Settings) -> None:
    """Restore the state of a run that was killed between naming the release and switching to it."""
    settings.current.unlink()


def edit_manifest(settings: Settings, release_id: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite a manifest with a valid digest, as an attacker or a bug could."""
    folder = settings.releases / release_id
    content = dict(read_manifest(folder))
    change(content)
    write_manifest(folder, content)
