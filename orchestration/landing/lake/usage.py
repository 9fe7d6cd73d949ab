"""The aggregates of usage events on Spark: the same SQL as on DuckDB, in one pass over each table.

A table is one delivery. Spark keeps no aggregates between runs.
"""

from __future__ import annotations

from orchestration.core.database import quote_literal
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.batches import Batch
from orchestration.landing.reading_policies import ReadingPolicies
from orchestration.landing.usage import AGGREGATES, published_usage
from orchestration.landing.usage_sql import (
    classified_sql,
    event_weeks_sql,
    identified_sql,
    session_parts_sql,
    ties_sql,
)


def events_sql(contract: LandingObject, rows: str, policies: ReadingPolicies) -> str:
    """Return SQL of the events and calls of a table, each once, from its rows with their meaning."""
    assert contract.usage is not None
    identified = identified_sql(contract.usage, contract.told_apart_by, rows, "struct")
    once = (
        f"select * from ({identified}) qualify row_number() over (partition by event_key order by rank) = 1"
    )
    return classified_sql(once, policies, policies.as_of)


def aggregates_sql(
    contract: LandingObject, batch: Batch, events: str, policies: ReadingPolicies
) -> dict[str, str]:
    """Return SQL of each aggregate of a table, by name. `events` is SQL of the rows of `events_sql`."""
    assert contract.usage is not None
    ties, gap = contract.usage.ties, policies.session_gap_minutes
    moment = batch.loaded_at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    origin = f"{quote_literal(batch.batch_id)} as _batch_id, timestamp '{moment}' as _loaded_at"
    queries = {
        "session_parts": session_parts_sql(events, gap, origin),
        "event_weeks": event_weeks_sql(events, ties, origin),
        **({"ties": ties_sql(events, ties, origin)} if ties else {}),
    }
    assert queries.keys() <= AGGREGATES.keys()
    return {name: published_usage(name, f"({sql})", contract, [batch]) for name, sql in queries.items()}
