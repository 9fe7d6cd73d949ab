"""Compares measures that must be equal in raw, in unified and in the marts.

Each object's contract declares the model in which its rows arrive. This module lists the totals of the marts.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestration.core.database import quote_identifier
from orchestration.core.relations import Relations
from orchestration.dbt_runner.landing_contract import Arrival, LandingObject

_TOTALS = {
    "accounts": {
        "unified": "select count(*) from build.unified.unified_accounts where not is_internal",
        "dim_accounts": "select count(*) from release.marts.dim_accounts",
    },
    "current MRR": {
        # Null under policies that need more than the periods.
        "unified": "select sum(expected_mrr) from build.intermediate.int_quality__expected_mrr",
        "fct_mrr_movement_items": "select sum(mrr_change) from release.marts.fct_mrr_movement_items",
        "fct_mrr_movements": "select sum(mrr_change) from release.marts.fct_mrr_movements",
        "dim_accounts": "select sum(current_mrr) from release.marts.dim_accounts",
        "mrr_monthly": "select max_by(closing_mrr, month) from release.marts.mrr_monthly"
        " where dimension = 'all'",
    },
    "usage events": {
        "raw": "select coalesce(sum(events), 0) from raw.usage__event_weeks",
        "unified": "select coalesce(sum(events), 0) from build.unified.unified_usage_event_weeks",
    },
    "survey responses": {
        "unified": "select count(*) from build.unified.unified_survey_responses as responses"
        " left join build.unified.unified_accounts as accounts using (account_id)"
        " where accounts.is_internal is not true and coalesce(coalesce(sent_at, responded_at)"
        " <= (select as_of from release.marts._release), true)",
        "fct_survey_responses": "select count(*) from release.marts.fct_survey_responses",
    },
    "tickets": {
        "unified": "select count(*) from build.unified.unified_tickets as tickets"
        " left join build.unified.unified_accounts as accounts using (account_id)"
        " where accounts.is_internal is not true and not is_spam and not tickets.is_deleted"
        " and merged_into_ticket_id is null"
        " and tickets.created_at <= (select as_of from release.marts._release)",
        "fct_tickets": "select count(*) from release.marts.fct_tickets",
    },
}
"""Queries by measure and layer: totals that the marts must keep."""


@dataclass(frozen=True)
class Measure:
    """The value of one measure in each layer."""

    name: str
    values: Mapping[str, Decimal | None]
    """By layer; None if it is unknown or there is nothing to add up."""

    @property
    def is_equal(self) -> bool:
        """Whether all layers that know the measure have the same value."""
        return len({value for value in self.values.values() if value is not None}) <= 1

    def to_json(self) -> dict[str, Any]:
        """Return it in the manifest's format. Values are text, to keep every digit."""
        values = {layer: None if value is None else f"{value:f}" for layer, value in self.values.items()}
        return {"measure": self.name, **values}

    def in_words(self) -> str:
        return ", ".join(f"{layer} {value:,f}" for layer, value in self.values.items() if value is not None)


def reconcile(
    relations: Relations,
    contracts: Mapping[tuple[str, str], LandingObject],
    loaded: Mapping[str, int],
) -> list[Measure]:
    """Return all measures. `loaded` are the loader's row counts by `source/object`.

    Raises UnreadableError if a relation or a column is missing.
    """
    measures = []
    staged = set(relations.tables("staging"))
    for contract in contracts.values():
        rows = loaded.get(contract.label, 0)
        if contract.arrival is not None:
            measures += _arrived(relations, contract, contract.arrival, rows)
        else:
            measures += _staged(relations, contract, rows, staged)
    for name, queries in _TOTALS.items():
        measures.append(Measure(name, {layer: _value(relations, query) for layer, query in queries.items()}))
    return measures


def _arrived(relations: Relations, contract: LandingObject, arrival: Arrival, loaded: int) -> list[Measure]:
    """Compare loaded and read rows, the keys on both sides, and the total if one is declared."""
    raw = f"raw.{quote_identifier(f'{contract.source}__{contract.name}')}"
    columns = [quote_identifier(name) for name in arrival.columns]
    delivered = [f"{sql} as {name}" for name, sql in zip(columns, arrival.columns.values(), strict=True)]
    both = " and ".join(f"delivered.{name} is not distinct from arrived.{name}" for name in columns)
    query = f"""
    with rows as ({_identified(raw, arrival)}),

    versions as (select *, {_counts(contract, arrival)} as _counts from rows),

    delivered as (
        select
            {", ".join(delivered)},
            {arrival.delivered_total or "null"} as total
        from versions
        where _counts and ({arrival.delivered_where})
        group by all
    ),

    arrived as (
        select {", ".join(columns)}, {arrival.total or "null"} as total
        from build.unified.{quote_identifier(arrival.model)}
        where {arrival.where}
            -- The rows of connected systems come from other files.
            and _batch_id in (select _batch_id from {raw})
    )

    select
        (select count(*) from {raw}),
        (select count(*) from delivered),
        (select count(*) from arrived),
        (select count(*) from delivered inner join arrived on {both}),
        (select coalesce(sum(total), 0) from delivered),
        (select coalesce(sum(total), 0) from arrived)
    """
    rows, keys, arrived, common, *totals = (_number(value) for value in relations.rows(query)[0])
    measures = [
        Measure(f"{contract.label} rows", {"loaded": Decimal(loaded), "raw": rows}),
        Measure(f"{contract.label} keys", {"raw": keys, "unified": arrived, "in both": common}),
    ]
    if arrival.total:
        values = dict(zip(("raw", "unified"), totals, strict=True))
        measures.append(Measure(f"{contract.label} {arrival.total}", values))
    return measures


def _staged(
    relations: Relations, contract: LandingObject, loaded: int, staged: Container[str]
) -> list[Measure]:
    """Compare loaded and read rows of a vendor's object, and the keys in raw and in its staging model."""
    raw = f"raw.{quote_identifier(f'{contract.source}__{contract.name}')}"
    model = f"stg_{contract.source}__{contract.name}"
    counts = [f"(select count(*) from {raw})"]
    if model in staged:
        key = ", ".join(quote_identifier(name) for name in contract.key)
        counts.append(f"(select count(*) from (select distinct {key} from {raw}))")
        counts.append(f"(select count(*) from build.staging.{quote_identifier(model)})")
    # Spark plans for a second or two before it reads the first row, so all counts are one query.
    rows, *keys = (_number(value) for value in relations.rows(f"select {', '.join(counts)}")[0])
    measures = [Measure(f"{contract.label} rows", {"loaded": Decimal(loaded), "raw": rows})]
    if keys:
        values = dict(zip(("raw", "staging"), keys, strict=True))
        measures.append(Measure(f"{contract.label} keys", values))
    return measures


def _identified(raw: str, arrival: Arrival) -> str:
    """Return the SQL of the delivered rows with the ids that they have in unified."""
    joins, values, replaced = [], [], []
    for place, (column, table) in enumerate(arrival.ids_from.items()):
        name = quote_identifier(column)
        replaced.append(name)
        values.append(f"coalesce(ids_{place}.{name}, raw.{name}) as {name}")
        joins.append(
            f"left join build.staging.{quote_identifier(table)} as ids_{place}"
            f" on raw._batch_id = ids_{place}._batch_id and raw._row = ids_{place}._row"
        )
    others = f" exclude ({', '.join(replaced)}), {', '.join(values)}" if values else ""
    return f"select raw.*{others} from {raw} as raw {' '.join(joins)}"


def _counts(contract: LandingObject, arrival: Arrival) -> str:
    """Return the SQL condition that a delivered row is the one that counts for its key."""
    key = ", ".join(arrival.delivered_key)
    if contract.latest_delivery:
        content = ", ".join(quote_identifier(name) for name in (*contract.column_names, "_extra"))
        return (
            f"_loaded_at = max(_loaded_at) over (partition by {key})"
            f" and row_number() over (partition by {content}, _batch_id order by _row) = 1"
        )
    order = [f"{quote_identifier(contract.version_at)} desc nulls last"] if contract.version_at else []
    order += ["_loaded_at desc", "_row desc"]
    return f"row_number() over (partition by {key} order by {', '.join(order)}) = 1"


def _value(relations: Relations, query: str) -> Decimal | None:
    return _number(relations.rows(query)[0][0])


def _number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))
