"""The raw relations for dbt and analysts, one per object of the contracts.

A batch contains its file as delivered. This module applies everything that depends on other batches or on
policies: missing columns, time zones of days, inclusive ends, the first business day and the attributes of
accounts. It also masks addresses in names and ids. A step that no batch needs adds no SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial

import duckdb

from orchestration.core.database import quote_identifier, quote_literal
from orchestration.dbt_runner.landing_contract import BATCH_COLUMNS, Ends, LandingObject
from orchestration.dbt_runner.pseudonyms import masked_sql, pseudonym_sql, published_sql
from orchestration.landing.attributes import attribute_sql, with_attributes
from orchestration.landing.batches import Batch
from orchestration.landing.business_start import business_start
from orchestration.landing.ends import (
    Counts,
    closing_batches,
    count_ends,
    day_after,
    inclusive_batches,
    minute_after,
)
from orchestration.landing.reading_policies import ReadingPolicies
from orchestration.landing.usage import EventBatches, create_usage_relations
from orchestration.landing.values.conventions import is_placeholder
from orchestration.landing.values.days import Days


def create_raw_relations(
    connection: duckdb.DuckDBPyConnection,
    contracts: Mapping[tuple[str, str], LandingObject],
    batches: Iterable[Batch],
    policies: ReadingPolicies | None = None,
) -> None:
    """Create or replace the view `raw.<source>__<object>` of every contract.

    A view has the contract's columns with the contract's types, then BATCH_COLUMNS. The view of accounts also
    has the attributes. It reads exactly the given accepted batches, including batches of an older contract.
    Without batches it is empty. The views `raw.usage__*` have the aggregates of usage events.
    """
    given = [batch for batch in batches if batch.status == "accepted"]
    policies = policies or ReadingPolicies()
    connection.execute("create schema if not exists raw")
    first_day = None
    events = []
    for contract in contracts.values():
        mine = [batch for batch in given if (batch.source, batch.object) == (contract.source, contract.name)]
        if first_day is None and any(batch.placeholder_columns for batch in mine):
            first_day = business_start(contracts, given, policies, partial(_earliest, connection))
        if contract.usage is not None:
            read = partial(_events, connection, contract, policies, contracts, given)
            events.append(EventBatches(contract, mine, read, _parents(contract, mine, given)))
        contract, mine, spellings = with_attributes(contract, mine, policies.account_attributes)
        query = _query(connection, contract, mine)
        query = _with_parents(connection, query, contract, mine, contracts, given)
        query = with_meaning(
            query, contract, mine, spellings, policies, first_day, partial(count_ends, connection)
        )
        name = f"raw.{quote_identifier(f'{contract.source}__{contract.name}')}"
        connection.execute(f"create or replace view {name} as {query}")
    create_usage_relations(connection, events, policies)


CountEnds = Callable[[Ends | None, str], Counts | None]
"""Counts the ends of a relation, which is given as SQL."""


def with_meaning(
    query: str,
    contract: LandingObject,
    mine: Sequence[Batch],
    spellings: Mapping[str, Sequence[str]],
    policies: ReadingPolicies,
    first_day: str | None,
    count: CountEnds,
) -> str:
    """Return SQL of stored rows with the meaning that policies and other batches give them.

    `query` has the columns of the contract with the attributes, which are null, BATCH_COLUMNS and `_days`.
    `first_day` is the ISO date that replaces placeholders.
    """
    if mine:
        query = _replace(query, attribute_sql(spellings))
    if first_day is not None:
        query = _placeholders(query, mine, first_day)
    query = _ends(query, contract, mine, policies, count)
    for step in (with_days, _filled, _published):
        query = step(query, contract, mine, policies)
    return query


def _events(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    policies: ReadingPolicies,
    contracts: Mapping[tuple[str, str], LandingObject],
    batches: Sequence[Batch],
    batch: Batch,
) -> str:
    """Return SQL of the rows of one batch of events, with days in the reporting time zone."""
    query = _query(connection, contract, [batch])
    query = _with_parents(connection, query, contract, [batch], contracts, batches)
    return with_days(query, contract, [batch], policies)


def _parents(contract: LandingObject, mine: Sequence[Batch], batches: Sequence[Batch]) -> tuple[str, ...]:
    """Return the ids of the batches with the records of a list that dlt delivered apart."""
    if contract.inside is None or not any("_parent_record_id" in (batch.columns or ()) for batch in mine):
        return ()
    parent = (contract.source, contract.inside.object)
    return tuple(batch.batch_id for batch in batches if (batch.source, batch.object) == parent)


def _query(connection: duckdb.DuckDBPyConnection, contract: LandingObject, mine: Sequence[Batch]) -> str:
    """Return SQL of the stored batches, with the contract's columns and `_days`."""
    types = {column.name: column.data_type for column in contract.columns} | BATCH_COLUMNS
    if not mine:
        return f"select {_columns(types, set())} where false"
    if any(batch.day_columns for batch in mine):
        types["_days"] = "bigint"
    files = ", ".join(quote_literal(batch.path) for batch in mine)
    source = f"read_parquet([{files}], union_by_name = true)"
    # DuckDB rejects a query that names a column that is missing in all batches.
    present = {row[0] for row in connection.execute(f"describe select * from {source}").fetchall()}
    return f"select {_columns(types, present)} from {source}"


def _with_parents(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    contract: LandingObject,
    mine: Sequence[Batch],
    contracts: Mapping[tuple[str, str], LandingObject],
    batches: Sequence[Batch],
) -> str:
    """Fill values that the elements of a list take from its record, where dlt delivered the two apart."""
    if contract.inside is None or not _parents(contract, mine, batches):
        return query
    parent = contracts[contract.source, contract.inside.object]
    theirs = [one for one in batches if (one.source, one.object) == (parent.source, parent.name)]
    return filled_from_parent(query, contract, parent, _query(connection, parent, theirs))


def filled_from_parent(query: str, contract: LandingObject, parent: LandingObject, rows: str) -> str:
    """Return SQL of the elements of a list with the values of its record, which `rows` selects.

    dlt gives each record an id, and its elements the id of their record.
    """
    assert contract.inside is not None
    given = {
        name: "_".join(way)
        for name, way in contract.inside.given.items()
        if "_".join(way) in parent.column_names
    }
    if not given:
        return query
    values = ", ".join(
        f"max({quote_identifier(column)}) as {quote_identifier(name)}" for name, column in given.items()
    )
    filled = ", ".join(
        f"coalesce(element.{name}, record.{name}) as {name}"
        for name in (quote_identifier(one) for one in given)
    )
    records = f"select _record_id, {values} from ({rows}) where _record_id is not null group by _record_id"
    return (
        f"select element.* replace ({filled}) from ({query}) as element "
        f"left join ({records}) as record on element._parent_record_id = record._record_id"
    )


def _columns(types: Mapping[str, str], present: set[str]) -> str:
    return ", ".join(
        f"cast({column if name in present else 'null'} as {data_type}) as {column}"
        for name, data_type in types.items()
        for column in [quote_identifier(name)]
    )


def _ends(
    query: str,
    contract: LandingObject,
    mine: Sequence[Batch],
    policies: ReadingPolicies,
    count: CountEnds,
) -> str:
    """Convert last days and last seconds to the first instant without service."""
    if contract.ends is None:
        return query
    end = quote_identifier(contract.ends.end)
    convention = policies.period_end_convention
    inclusive = inclusive_batches(mine, convention, lambda: count(contract.ends, f"({query})"))
    cases = []
    if inclusive:
        cases.append(f"when {_is_of(inclusive)} then {day_after(end)}")
    closing = closing_batches(mine, convention)
    if closing:
        cases.append(f"when {_is_of(closing)} then {minute_after(end)}")
    if not cases:
        return query
    data_type = contract.column(contract.ends.end).data_type
    return _replace(query, {contract.ends.end: f"cast(case {' '.join(cases)} else {end} end as {data_type})"})


def with_days(query: str, contract: LandingObject, mine: Sequence[Batch], policies: ReadingPolicies) -> str:
    """Move days without a time to midnight in the reporting time zone."""
    if not any(batch.day_columns for batch in mine):
        return query
    changes: dict[str, str] = {}
    if policies.timezone != "UTC":
        zone = quote_literal(policies.timezone)
        by_columns: dict[Days, set[str]] = {}
        for batch in mine:
            days = Days(batch.day_columns, batch.whole_day_columns)
            by_columns.setdefault(days, set()).add(batch.batch_id)
        for column in contract.columns:
            name = quote_identifier(column.name)
            cases = [
                f"when {_is_of(ids)} and (_days & {days.mask(column.name)}) <> 0 "
                f"then timezone('UTC', timezone({zone}, {name}))"
                for days, ids in by_columns.items()
                if column.name in days.columns
            ]
            if cases:
                changes[column.name] = f"case {' '.join(cases)} else {name} end"
    return f"select * exclude (_days) from ({_replace(query, changes)})"


def _filled(query: str, contract: LandingObject, mine: Sequence[Batch], policies: ReadingPolicies) -> str:
    """Fill a column that a delivery lacks with the last delivered value of the same key.

    A vendor's API drops fields, and loading tools leave them out where they are empty, so its objects stay as
    they are. So do events, which have no versions. The version column is filled in order of arrival, all
    other columns in order of versions.
    """
    if contract.is_vendor or contract.usage:
        return query
    absent = {
        column.name: ids
        for column in contract.columns
        for ids in [{b.batch_id for b in mine if b.columns is not None and column.name not in b.columns}]
        if ids and len(ids) < len(mine)
    }
    if not absent:
        return query
    arrival = "_loaded_at, _row"
    query = _replace(query, _known_keys(contract, absent, arrival))
    absent = {name: ids for name, ids in absent.items() if name not in contract.key}
    key = ", ".join(contract.delivered_key)
    version = (
        f"{quote_identifier(contract.version_at)} nulls first, {arrival}" if contract.version_at else arrival
    )
    steps = (
        [({contract.version_at: absent[contract.version_at]}, arrival)]
        if contract.version_at in absent
        else []
    )
    steps.append(({name: ids for name, ids in absent.items() if name != contract.version_at}, version))
    for columns, order in steps:
        changes = {
            name: f"last_value(case when not {_is_of(ids)} then {{'v': {quote_identifier(name)}}} end "
            "ignore nulls)"
            f" over (partition by {key} order by {order} rows between unbounded preceding and current row).v"
            for name, ids in columns.items()
            if name is not None
        }
        query = _replace(query, changes)
    return query


def _known_keys(contract: LandingObject, absent: Mapping[str, set[str]], arrival: str) -> dict[str, str]:
    """Fill a missing key column with its earlier value, if there was only one.

    Otherwise the rows of a narrower export would count in addition to the rows of an earlier, wider one.
    """
    present = ", ".join(quote_identifier(name) for name in contract.key if name not in absent)
    changes: dict[str, str] = {}
    for name, ids in absent.items():
        if name in contract.key and present:
            column = quote_identifier(name)
            given = f"case when not {_is_of(ids)} then {column} end"
            before = (
                f"over (partition by {present} order by {arrival} "
                "rows between unbounded preceding and current row)"
            )
            changes[name] = (
                f"case when {_is_of(ids)} and min({given}) {before} = max({given}) {before} "
                f"then min({given}) {before} else {column} end"
            )
    return changes


def _published(query: str, contract: LandingObject, mine: Sequence[Batch], policies: ReadingPolicies) -> str:
    """Mask addresses in texts, and replace ids that are addresses with pseudonyms."""
    changes: dict[str, str] = {}
    for name in dict.fromkeys(name for batch in mine for name in batch.address_columns):
        column = quote_identifier(name)
        is_id = contract.column(name).is_id
        changes[name] = published_sql(column, pseudonym_sql(column)) if is_id else masked_sql(column)
    return _replace(query, changes)


def _placeholders(query: str, mine: Sequence[Batch], first_day: str) -> str:
    """Replace placeholder dates in required columns with the first business day."""
    names = dict.fromkeys(name for batch in mine for name in batch.placeholder_columns)
    return _replace(
        query,
        {
            name: f"case when {is_placeholder(column)} then timestamp {quote_literal(first_day)} "
            f"else {column} end"
            for name in names
            for column in [quote_identifier(name)]
        },
    )


def _earliest(
    connection: duckdb.DuckDBPyConnection, contract: LandingObject, mine: Sequence[Batch], least: str
) -> date | None:
    query = f"select cast({least} as date) from ({_query(connection, contract, mine)})"
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _replace(query: str, changes: Mapping[str, str]) -> str:
    if not changes:
        return query
    listed = ", ".join(f"{change} as {quote_identifier(name)}" for name, change in changes.items())
    return f"select * replace ({listed}) from ({query})"


def _is_of(batch_ids: Iterable[str]) -> str:
    return f"_batch_id in ({', '.join(quote_literal(one) for one in sorted(batch_ids))})"
