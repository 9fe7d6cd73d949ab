"""The raw relations of a build on Spark: tables in its schema `raw`, written by Spark alone.

A relation and its quarantine come from one generated query with the casts and the rules of the contract.
They are stored, so that all models of a build see one state of the table, and cells are cast once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from orchestration.core.database import quote_identifier
from orchestration.core.settings import Settings
from orchestration.dbt_runner.landing_contract import BATCH_COLUMNS, Ends, LandingObject
from orchestration.dbt_runner.pseudonyms import load_hash_key
from orchestration.landing.attributes import with_attributes
from orchestration.landing.batches import Batch
from orchestration.landing.business_start import business_start
from orchestration.landing.ends import Counts
from orchestration.landing.lake.batches import DELIVERY
from orchestration.landing.lake.checked import CheckedTable, check_table
from orchestration.landing.lake.records import record_queries
from orchestration.landing.lake.tables import find_tables
from orchestration.landing.lake.usage import aggregates_sql, events_sql
from orchestration.landing.reading_policies import ReadingPolicies
from orchestration.landing.relations import (
    filled_from_parent,
    with_days,
    with_meaning,
)
from orchestration.landing.usage import AGGREGATES, all_usage
from orchestration.landing.values.rejected import rejected_sql
from orchestration.landing.values.repeats import marked_sql
from orchestration.spark.dialect import spark_sql
from orchestration.spark.key import hand_over_key
from orchestration.spark.warehouse import SparkWarehouse

QUARANTINE = "__rejected"
"""Ending of the name of the relation with the rejected rows of an object."""


def create_lake_relations(
    warehouse: SparkWarehouse,
    settings: Settings,
    batches: Iterable[Batch],
    contracts: Mapping[tuple[str, str], LandingObject],
) -> None:
    """Create or replace every relation that the dbt source `raw` declares, in the schema of the build.

    `batches` are those of `read_tables`. Objects without a batch have empty relations. Each object with one
    also has `<source>__<object>__rejected`, its rejected rows with every reason.
    """
    given = [batch for batch in batches if (batch.source, batch.object) in contracts]
    schema = warehouse.schemas["raw"]
    warehouse.session.sql(f"drop schema if exists {schema} cascade")
    warehouse.session.sql(f"create schema {schema}")
    hand_over_key(warehouse.session, load_hash_key(settings.home))
    policies = ReadingPolicies.of(settings)
    tables = {
        (one.contract.source, one.contract.name): one
        for one in find_tables(settings, warehouse.session, contracts)
    }
    session, delivered = warehouse.session, []
    for batch in given:
        table = tables[batch.source, batch.object]
        checked = check_table(session, table, settings.as_of_text)
        if checked.content.digest(table) != batch.digest:
            raise table.changed()
        delivered.append(Delivered(batch, checked))
    lake = _Lake(warehouse, policies, contracts, delivered)
    for one in lake.delivered:
        one.checked.open(warehouse.session)
    try:
        for contract in contracts.values():
            lake.create_object(contract)
        lake.create_usage()
        lake.create_records()
    finally:
        for one in lake.delivered:
            one.checked.close(warehouse.session)


@dataclass(frozen=True)
class Delivered:
    """A table and its batch."""

    batch: Batch
    checked: CheckedTable

    @cached_property
    def rows(self) -> str:
        """The project's SQL of the accepted rows with BATCH_COLUMNS and `_days`."""
        typed = self.checked.typed(self.batch.batch_id)
        if self.batch.rows_repeated or self.batch.rows_conflicting:
            return marked_sql(self.checked.contract, f"({typed})", DELIVERY)
        marks = ", ".join(f"false as {name}" for name in ("_conflict", "_repeat"))
        return f"select *, {marks} from ({typed})"


@dataclass(frozen=True)
class _Lake:
    """Writes the relations of a build."""

    warehouse: SparkWarehouse
    policies: ReadingPolicies
    contracts: Mapping[tuple[str, str], LandingObject]
    delivered: Sequence[Delivered]

    @cached_property
    def first_day(self) -> str | None:
        """The first business day, if any table has a placeholder for it."""
        batches = [one.batch for one in self.delivered]
        if not any(batch.placeholder_columns for batch in batches):
            return None
        return business_start(self.contracts, batches, self.policies, self._earliest)

    def create_object(self, contract: LandingObject) -> None:
        """Create the relation of an object, and its quarantine if it has a table."""
        one = self._of(contract)
        name = f"{contract.source}__{contract.name}"
        extended, mine, spellings = with_attributes(
            contract, [one.batch] if one else [], self.policies.account_attributes
        )
        names = (*extended.column_names, *BATCH_COLUMNS)
        if one is None:
            types = {column.name: column.data_type for column in extended.columns} | BATCH_COLUMNS
            empty = ", ".join(f"cast(null as {types[each]}) as {quote_identifier(each)}" for each in names)
            self._write(name, spark_sql(f"select {empty} where false", {}), "view")
            return
        attributes = "".join(f", cast(null as varchar) as {quote_identifier(each)}" for each in spellings)
        query = with_meaning(
            f"select *{attributes} from ({self._rows(one)})",
            extended,
            mine,
            spellings,
            self.policies,
            self.first_day,
            _no_other_rows,
        )
        listed = ", ".join(map(quote_identifier, names))
        self._write(name, spark_sql(f"select {listed} from ({query})", {}))
        quarantine = rejected_sql(
            one.checked.cast,
            one.checked.header,
            one.batch.batch_id,
            one.batch.file_name,
            one.checked.rejected,
        )
        self._write(f"{name}{QUARANTINE}", spark_sql(quarantine, {}))

    def create_usage(self) -> None:
        """Create the relations `usage__*`."""
        queries: dict[str, list[str]] = {name: [] for name in AGGREGATES}
        for one in self.delivered:
            contract = one.checked.contract
            if contract.usage is None:
                continue
            rows = with_days(self._rows(one), contract, [one.batch], self.policies)
            events = events_sql(contract, rows, self.policies)
            for name, sql in aggregates_sql(contract, one.batch, events, self.policies).items():
                queries[name].append(sql)
        for name, mine in queries.items():
            kind = "table" if mine else "view"
            self._write(f"usage__{name}", spark_sql(all_usage(name, mine), {}), kind)

    def create_records(self) -> None:
        """Create the relations `landing__*`."""
        batches = [one.batch for one in self.delivered]
        for name, query in record_queries(self.warehouse.rows, self.contracts, batches, QUARANTINE):
            self._write(name, spark_sql(query, self.warehouse.schemas), "view")

    def _rows(self, one: Delivered) -> str:
        """Return SQL of the rows of a table; the elements of a list have the values of their record."""
        contract = self.contracts[one.batch.source, one.batch.object]
        if contract.inside is None or "_parent_record_id" not in (one.batch.columns or ()):
            return one.rows
        parent = self.contracts[contract.source, contract.inside.object]
        theirs = self._of(parent)
        return one.rows if theirs is None else filled_from_parent(one.rows, contract, parent, theirs.rows)

    def _of(self, contract: LandingObject) -> Delivered | None:
        label = (contract.source, contract.name)
        return next((one for one in self.delivered if (one.batch.source, one.batch.object) == label), None)

    def _earliest(self, contract: LandingObject, _: Sequence[Batch], least: str) -> date | None:
        one = self._of(contract)
        assert one is not None
        query = f"select cast({least} as date) from ({one.checked.typed('')})"
        found: date | None = self.warehouse.session.sql(spark_sql(query, {})).collect()[0][0]
        return found

    def _write(self, name: str, query: str, kind: str = "table") -> None:
        """Store the rows of a query, or its text if it reads little or nothing."""
        self.warehouse.session.sql(f"create {kind} {self.warehouse.schemas['raw']}.{name} as {query}")


def _no_other_rows(ends: Ends | None, rows: str) -> Counts | None:
    """Count the ends of other deliveries of an object: it has none."""
    return None
