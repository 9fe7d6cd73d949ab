"""Small releases on Spark without dbt: every mart has the columns of its contract, and one row."""

from __future__ import annotations

from typing import Any

from orchestration.core.lock import WarehouseLock
from orchestration.core.settings import Settings
from orchestration.dbt_runner.mart_contract import MartContracts, load_mart_contracts
from orchestration.pipeline.engines import engine_of
from orchestration.quality import load_suites
from orchestration.releases import current_release_id
from orchestration.releases.acceptance import accept_findings, inspect_release, record_gate
from orchestration.releases.candidate import Candidate
from orchestration.releases.export import LOG_TABLES, RELEASE_TABLE, ReleaseStamp
from orchestration.spark.dialect import spark_sql
from orchestration.spark.schemas import BuildSchemas
from tests.unit.release_case import MONTHS, make_report

STORED = {*LOG_TABLES, RELEASE_TABLE, "mrr_monthly"}
"""The marts that are tables. The others are views of one row, which Spark makes in no time."""


def fill(spark: Any, schemas: dict[str, str], settings: Settings, contracts: MartContracts) -> None:
    """Create the schemas of a build with small marts."""
    for schema in schemas.values():
        spark.sql(f"create schema if not exists {schema}")
    for mart, contract in contracts.items():
        values = dict.fromkeys(contract.columns, "null")
        rows = "select 1"
        if mart == "mrr_monthly":
            values |= {
                "month": "month",
                "dimension": "'all'",
                "dimension_value": "'all'",
                "is_complete": "month < date '2024-12-01'",
                "closing_mrr": "mrr",
                "closing_customers": "customers",
            }
            rows = " union all ".join(
                f"select date '{month}' as month, {mrr} as mrr, {customers} as customers"
                for month, (mrr, customers) in MONTHS.items()
            )
        if "first_seen_in_release" in values:
            values["first_seen_in_release"] = "'development'"
        if mart == "_release":
            values |= {"release_id": "'development'", "as_of": f"timestamp '{settings.as_of_text}'"}
        columns = ", ".join(
            f'cast({values[name]} as {column.data_type}) as "{name}"'
            for name, column in contract.columns.items()
        )
        kind = "table" if mart in STORED else "view"
        query = f'create {kind} marts."{mart}" as select {columns} from ({rows})'
        spark.sql(spark_sql(query, schemas))


def make_candidate(
    spark: Any, settings: Settings, candidate: Candidate, release_id: str, lock: WarehouseLock
) -> None:
    """Bring a candidate to the end of the audit, like the first three steps of a run."""
    contracts = load_mart_contracts(settings, lock)
    candidate.begin()
    schemas = BuildSchemas(candidate.run_id).names
    candidate.note(schemas=schemas, dbt={"results": {"success": 10, "pass": 7}, "checks_passed": 7})
    fill(spark, schemas, settings, contracts)
    candidate.dbt_manifest.write_text('{"metadata": {}, "nodes": {}, "sources": {}}', encoding="utf-8")
    stamp = ReleaseStamp(release_id, settings.as_of, "abc", checks_passed=7, raw_batches=2)
    engine = engine_of(settings)
    export = engine.export(settings, candidate, stamp, contracts)
    files = engine.write_pages(candidate, export)
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
        release_id=release_id,
        created_at="2025-01-01T00:00:00+00:00",
        files=[vars(file) for file in files],
        tables={table.name: table.to_json() for table in export.tables},
        audit=make_report(suites=load_suites(contracts)).to_json(),
        reconciliation=[],
    )
    noted = candidate.noted("audit")
    with engine.open_marts(settings, candidate) as marts:
        findings = inspect_release(settings, marts, noted, noted["parent"])
    accepted = accept_findings(settings, findings, noted["parent"])
    candidate.note(gate=record_gate(noted["parent"], findings, accepted))
