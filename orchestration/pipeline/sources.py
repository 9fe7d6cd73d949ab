"""Create a build's source relations: raw data, landing records and the previous release."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from orchestration.core.settings import Settings
from orchestration.dbt_runner.connectors import contracts_in_use
from orchestration.dbt_runner.pseudonyms import hand_over_key, load_hash_key
from orchestration.landing import (
    Batch,
    ReadingPolicies,
    create_landing_records,
    create_raw_relations,
    known_batches,
)
from orchestration.releases.previous import create_previous_relations


def create_sources(
    connection: duckdb.DuckDBPyConnection, settings: Settings, batches: Iterable[Batch], parent: str | None
) -> None:
    """Create or replace every relation that the dbt sources declare.

    `parent` is the previous release. A replay has no previous release to compare with.
    """
    given, contracts = list(batches), contracts_in_use(settings)
    hand_over_key(connection, load_hash_key(settings.home))
    create_raw_relations(connection, contracts, given, ReadingPolicies.of(settings))
    create_landing_records(connection, settings, contracts, known_batches(settings))
    previous = None if settings.known_at else parent
    create_previous_relations(connection, settings, previous, (batch.batch_id for batch in given))
