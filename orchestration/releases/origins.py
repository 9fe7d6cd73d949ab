"""Compare a release with its sources: all rows must arrive, and no person's name may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestration.core.database import attach_release, connect, quote_literal
from orchestration.core.errors import UnreadableError
from orchestration.core.relations import DuckDBRelations, Relations, errors_in_one_line
from orchestration.core.settings import Settings
from orchestration.dbt_runner.connectors import contracts_in_use
from orchestration.dbt_runner.mart_contract import MartContracts
from orchestration.dbt_runner.pseudonyms import hand_over_key, load_hash_key
from orchestration.landing import Batch, ReadingPolicies, create_raw_relations
from orchestration.quality.gate import Finding, not_evaluated, personal_findings, reconciliation_findings
from orchestration.quality.personal import texts_that_name_persons
from orchestration.quality.reconciliation import Measure, reconcile


class CountedBatch(Protocol):
    """A batch of raw data, as far as the comparison needs it."""

    @property
    def source(self) -> str: ...

    @property
    def object(self) -> str: ...

    @property
    def rows_loaded(self) -> int: ...


@dataclass(frozen=True)
class Origins:
    """The result of the comparison."""

    findings: tuple[Finding, ...]
    measures: tuple[Measure, ...]
    """The compared measures; empty if the comparison failed."""


def compare_with_origins(
    settings: Settings,
    origins: AbstractContextManager[Relations],
    batches: Iterable[CountedBatch],
    contracts: MartContracts,
) -> Origins:
    """Compare the marts of a build with its models and with its batches.

    `settings` are the settings of that run. `origins` opens all relations of the build, as `open_origins`
    does. A comparison that fails is a separate finding.
    """
    loaded: Counter[str] = Counter()
    for batch in batches:
        loaded[f"{batch.source}/{batch.object}"] += batch.rows_loaded
    findings: list[Finding] = []
    measures: list[Measure] = []
    try:
        with origins as relations:
            findings += personal_findings(texts_that_name_persons(relations, contracts))
            measures = reconcile(relations, contracts_in_use(settings), loaded)
            findings += reconciliation_findings(measures)
    except UnreadableError as error:
        findings.append(not_evaluated("reconciliation" if findings else "personal", error))
    return Origins(tuple(findings), tuple(measures))


@contextmanager
def open_origins(
    settings: Settings, warehouse: Path, marts: Path, batches: Iterable[Batch]
) -> Iterator[DuckDBRelations]:
    """Open the batches as schema `raw`, the database of their build as `build`, and its marts as `release`.

    The build's views on the batches are not used, because they contain old paths.
    """
    with connect() as connection:
        with errors_in_one_line():
            connection.execute(f"attach {quote_literal(warehouse)} as build (read_only)")
            attach_release(connection, marts)
            hand_over_key(connection, load_hash_key(settings.home))
            contracts = contracts_in_use(settings)
            create_raw_relations(connection, contracts, batches, ReadingPolicies.of(settings))
        yield DuckDBRelations(connection)
