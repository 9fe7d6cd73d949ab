"""Compare a release with its sources: all rows must arrive, and no person's name may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.core.database import attach_release, connect, quote_literal
from orchestration.core.settings import Settings
from orchestration.dbt_runner.connectors import contracts_in_use
from orchestration.dbt_runner.mart_contract import MartContracts
from orchestration.dbt_runner.pseudonyms import hand_over_key, load_hash_key
from orchestration.landing import Batch, ReadingPolicies, create_raw_relations
from orchestration.quality.gate import Finding, not_evaluated, personal_findings, reconciliation_findings
from orchestration.quality.personal import texts_that_name_persons
from orchestration.quality.reconciliation import Measure, reconcile


@dataclass(frozen=True)
class Origins:
    """The result of the comparison."""

    findings: tuple[Finding, ...]
    measures: tuple[Measure, ...]
    """The compared measures; empty if the comparison failed."""


def compare_with_origins(
    settings: Settings, warehouse: Path, marts: Path, batches: Iterable[Batch], contracts: MartContracts
) -> Origins:
    """Compare marts with their build database and with the batches of the build.

    `settings` are the settings of that run. Raises nothing: a failed comparison is a separate finding.
    """
    given = list(batches)
    loaded: Counter[str] = Counter()
    for batch in given:
        loaded[f"{batch.source}/{batch.object}"] += batch.rows_loaded
    findings: list[Finding] = []
    measures: list[Measure] = []
    try:
        with _opened(settings, warehouse, marts, given) as connection:
            findings += personal_findings(texts_that_name_persons(connection, contracts))
            measures = reconcile(connection, contracts_in_use(settings), loaded)
            findings += reconciliation_findings(measures)
    except duckdb.Error as error:
        findings.append(not_evaluated("reconciliation" if findings else "personal", error))
    return Origins(tuple(findings), tuple(measures))


@contextmanager
def _opened(
    settings: Settings, warehouse: Path, marts: Path, batches: Iterable[Batch]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection with the batches in schema `raw` and the two files as `build` and `release`.

    The build's views on the batches are not used, because they contain old paths.
    """
    with connect() as connection:
        connection.execute(f"attach {quote_literal(warehouse)} as build (read_only)")
        attach_release(connection, marts)
        hand_over_key(connection, load_hash_key(settings.home))
        create_raw_relations(connection, contracts_in_use(settings), batches, ReadingPolicies.of(settings))
        yield connection
