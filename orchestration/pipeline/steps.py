"""The four steps from raw data to a published release. The command line, tests and Dagster call them."""

from __future__ import annotations

import itertools
import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from orchestration.core.console import PROGRESS
from orchestration.core.files import remove_tree, write_json
from orchestration.core.lock import WarehouseLock
from orchestration.core.policies import project_policies
from orchestration.core.settings import Settings
from orchestration.dbt_runner.invocation import DbtEvent
from orchestration.dbt_runner.mart_contract import MartContracts, audited_tests, parsed_mart_contracts
from orchestration.dbt_runner.parsing import MANIFEST_FILE
from orchestration.dbt_runner.pseudonyms import key_id, load_hash_key
from orchestration.dbt_runner.runner import DbtResult
from orchestration.landing import Batch, LandingReport, withdrawn_batches
from orchestration.pipeline.deliveries import (
    landing_counts,
    newest_deliveries,
    nothing_new,
    require_objects,
)
from orchestration.pipeline.engines import Engine, engine_of
from orchestration.quality import AuditReport, load_suites
from orchestration.releases.acceptance import (
    accept_findings,
    inspect_release,
    record_gate,
    recorded_findings,
    refuse_rule_breaches,
)
from orchestration.releases.assembly import assemble
from orchestration.releases.candidate import Candidate
from orchestration.releases.experiments import experiment_reason
from orchestration.releases.export import ReleaseStamp
from orchestration.releases.fingerprint import code_version, run_fingerprint
from orchestration.releases.history import current_release_id
from orchestration.releases.origins import compare_with_origins
from orchestration.releases.previous import count_restatements, restatements_in_words
from orchestration.releases.publish import Published, publish
from orchestration.sharing.customer_alerts import announce

log = logging.getLogger("csw")


@dataclass(frozen=True)
class LandStep:
    """The result of landing, and whether there is anything to build."""

    report: LandingReport
    batches: tuple[Batch, ...]
    """All accepted batches, in load order."""
    nothing_new: str | None
    """Why there is nothing to build; None if there is."""
    experiment: str | None
    """Why the release is an experiment; None if it is published."""


def land_step(
    settings: Settings, candidate: Candidate, *, force: bool = False, started: float | None = None
) -> LandStep:
    """Load what is new and start the candidate.

    `started` is the time.monotonic() of the run's start. Raises LandingError if a required object has not
    arrived.
    """
    engine = engine_of(settings)
    candidate.begin(started)
    report, batches = engine.land(settings, candidate)
    require_objects(settings, batches)
    nothing = None if force else nothing_new(settings, batches)
    if report.new or not nothing:
        engine.check(settings, batches, are_new=bool(report.new))
    experiment = experiment_reason(settings)
    code = code_version()
    key = load_hash_key(settings.home)
    candidate.note(
        engine=settings.engine,
        as_of=settings.as_of.isoformat(),
        as_of_is_given=settings.as_of_is_given,
        known_at=settings.known_at.isoformat() if settings.known_at else None,
        policies=dict(settings.policies),
        project_policies=project_policies(),
        hash_key_id=key_id(key),
        parent=current_release_id(settings),
        experiment=experiment,
        code_version=code,
        fingerprint=run_fingerprint(settings, code, (batch.batch_id for batch in batches)),
        forced=force,
        landing=landing_counts(batches),
        deliveries=newest_deliveries(batches),
        raw_batches=[
            {
                "batch_id": batch.batch_id,
                "source": batch.source,
                "object": batch.object,
                "rows": batch.rows_loaded,
            }
            for batch in batches
        ],
        withdrawn_batches=[entry.to_json() for entry in withdrawn_batches(settings).values()],
    )
    return LandStep(report, batches, nothing, experiment)


def build_step(
    settings: Settings, candidate: Candidate, on_event: Callable[[DbtEvent], None] | None = None
) -> DbtResult:
    """Build every model in the candidate and run the dbt tests of a run on it. Raises BuildError."""
    noted = candidate.noted("raw_batches")
    candidate.resume()
    shutil.copyfile(settings.dbt / "target" / MANIFEST_FILE, candidate.dbt_manifest)
    # The audit evaluates the other tests of the marts later.
    skip = frozenset(audited_tests(parsed_mart_contracts(settings)))
    result = engine_of(settings).build(
        _initial_settings(settings, noted), candidate, on_event=_counted(on_event), skip=skip
    )
    candidate.lap("build")
    log.info("build  %d models and tests in %.1f s", len(result.nodes), result.seconds)
    candidate.note(dbt={"results": result.count_by_status(), "checks_passed": result.checks_passed})
    return result


def audit_step(settings: Settings, candidate: Candidate) -> AuditReport:
    """Export the marts, audit exactly what was exported, and record the verdict.

    Returns a bad verdict instead of raising it, so that Dagster can show all checks. `publish_step` refuses
    it.
    """
    engine, noted = engine_of(settings), candidate.noted("dbt")
    candidate.resume()
    contracts = parsed_mart_contracts(settings)
    suites = load_suites(contracts)
    created_at = datetime.now(UTC).replace(microsecond=0)
    release_id = _free_release_id(settings, created_at, noted["fingerprint"])
    stamp = ReleaseStamp(
        release_id=release_id,
        published_at=created_at,
        code_version=noted["code_version"],
        checks_passed=noted["dbt"]["checks_passed"],
        raw_batches=len(noted["raw_batches"]),
        known_at=_moment(noted["known_at"]),
    )
    export = engine.export(settings, candidate, stamp, contracts)
    candidate.lap("export")
    log.info("audit  %d marts, %d rows", len(export.tables), sum(table.rows for table in export.tables))
    with engine.open_marts(settings, candidate) as marts:
        restatements = count_restatements(marts, release_id)
    if words := restatements_in_words(restatements, is_experiment=bool(noted["experiment"])):
        log.info("audit  %s", words)
    with ThreadPoolExecutor(max_workers=1) as pages:
        written = pages.submit(engine.write_pages, candidate, export)
        report = engine.audit(settings, candidate, suites, _report_audited)
        candidate.lap("audit")
        page_files = written.result()
    candidate.lap("report")
    log.info("audit  %s", report.summary())
    for result in report.warnings:
        log.warning("audit  %s", result.message)
    write_json(candidate.audit, report.to_json())
    candidate.note(release_id=release_id, audit=report.to_json())
    gate = _gate(engine, settings, candidate, contracts)
    candidate.lap("gate")
    candidate.note(
        gate=gate,
        created_at=created_at.isoformat(),
        files=[asdict(file) for file in (*export.files, *page_files)],
        tables={table.name: table.to_json() for table in export.tables},
        restatements=restatements,
    )
    return report


def _gate(
    engine: Engine, settings: Settings, candidate: Candidate, contracts: MartContracts
) -> dict[str, Any]:
    """Compare the exported marts with the previous release and record the findings. Raises nothing."""
    noted = candidate.noted("audit")
    with engine.open_marts(settings, candidate) as marts:
        findings = inspect_release(settings, marts, noted, noted["parent"])
    initial, batches = _initial_settings(settings, noted), engine.batches(settings, candidate)
    opened = engine.open_origins(initial, candidate)
    origins = compare_with_origins(initial, opened, batches, contracts)
    findings += origins.findings
    candidate.note(reconciliation=[measure.to_json() for measure in origins.measures])
    accepted = accept_findings(settings, findings, noted["parent"])
    for finding in findings:
        if finding.verdict != "passed":
            log.warning("gate  %s", finding.message)
    gate = record_gate(noted["parent"], findings, accepted)
    log.info("gate  %s", ", ".join(f"{count} {verdict}" for verdict, count in gate["verdicts"].items()))
    return gate


def publish_step(settings: Settings, candidate: Candidate, lock: WarehouseLock) -> Published:
    """Turn the audited candidate into the current release, and remove the candidate.

    An experiment passes the same checks, but `current` does not change. Raises AuditError for a bad verdict,
    and PublishError for any other problem that the gate finds.
    """
    noted = candidate.noted("gate")
    candidate.resume()
    # The gate would refuse a bad verdict too. Refusing it here keeps it out of the list of releases. A
    # release that only breaks a limit becomes a stored release, so that a user can accept it.
    AuditReport.from_json(noted["audit"]).raise_if_blocking(candidate.audit)
    refuse_rule_breaches(noted["release_id"], recorded_findings(noted["gate"]))
    release_id = noted["release_id"]
    if not (settings.releases / release_id).is_dir():
        assemble(settings, candidate, release_id, engine_of(settings).kept_files(candidate))
    try:
        published = publish(
            settings, release_id, lock=lock, switch=noted["experiment"] is None, accept=settings.accept
        )
    finally:
        remove_tree(candidate.folder)
    log.info("publish  %s", published.message)
    if current_release_id(settings) == release_id and announce(settings, release_id):
        log.info("publish  posted new alerts about customers")
    return published


def _report_audited(mart: str) -> None:
    log.info("audit  %s", mart, extra=PROGRESS)


def _counted(on_event: Callable[[DbtEvent], None] | None) -> Callable[[DbtEvent], None]:
    """Forward events and log the progress of the build."""
    done = itertools.count(1)

    def report(event: DbtEvent) -> None:
        data = event["data"]
        # dbt uses two names for this number.
        total = data.get("total") or data.get("num_models")
        log.info("build  %d/%s models and tests", next(done), total, extra=PROGRESS)
        if on_event is not None:
            on_event(event)

    return report


def _initial_settings(settings: Settings, noted: dict[str, Any]) -> Settings:
    """Return the settings at the start of the run, so that a repeated step uses the same `as_of`."""
    return replace(
        settings,
        as_of=datetime.fromisoformat(noted["as_of"]),
        known_at=_moment(noted["known_at"]),
        policies=noted["policies"],
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _free_release_id(settings: Settings, created_at: datetime, fingerprint: str) -> str:
    base = f"{created_at:%Y%m%dT%H%M%SZ}-{fingerprint[:8]}"
    release_id, count = base, 1
    while (settings.releases / release_id).exists():
        count += 1
        release_id = f"{base}-{count}"
    return release_id
