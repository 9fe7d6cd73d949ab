"""The landing contracts: what the files of each object contain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from orchestration.core.database import quote_identifier
from orchestration.dbt_runner.dialects import Dialect

BATCH_COLUMNS = {
    "_extra": "varchar",
    "_conflict": "boolean",
    "_repeat": "boolean",
    "_batch_id": "varchar",
    "_loaded_at": "timestamp",
    "_row": "bigint",
}
"""Columns that every raw relation has in addition to its contract. `_conflict`: a lower row of the same file
has the same key. `_repeat`: an equal row of the same file is above this one."""


@dataclass(frozen=True)
class Column:
    """One column of a landing object."""

    name: str
    data_type: str
    required: bool = False
    enum: tuple[str, ...] = ()
    minimum: Decimal | None = None
    minimum_exclusive: Decimal | None = None
    maximum: Decimal | None = None
    pattern: str | None = None
    """Regular expression that must match the whole text."""
    pattern_in_words: str | None = None
    refuses: str | None = None
    """Why one row beyond the minimum or maximum refuses the whole file; None rejects only the row."""
    pii: str | None = None
    """Kind of personal data in the column: email, name, text or None."""
    may_be_address: bool = False
    """An e-mail address is a valid id here; the models turn it into a pseudonym."""
    placeholder: str | None = None
    """`business_start` if the first business day replaces a placeholder date."""
    keeps: tuple[str, ...] = ()
    """Words that usually mean empty but are values in this column."""
    also: tuple[str, ...] = ()
    """Other column names that the loader binds to this column."""
    formats: tuple[str, ...] = ()
    """The vendor's formats of values, by their names in `landing.values.vendor_formats`."""
    words: Mapping[str, str] = field(default_factory=dict)
    """The vendor's word of an export, in lower case: its word in the API."""
    called: tuple[str, ...] = ()
    """Names in common exports. The loader proposes them but never binds them automatically."""
    advice: Mapping[str, str] = field(default_factory=dict)
    """Correction for a wrong word, by the word in lower case."""
    description: str = ""
    example: str = ""

    @property
    def is_number(self) -> bool:
        return self.data_type == "bigint" or self.data_type.startswith("decimal")

    @property
    def is_time(self) -> bool:
        return self.data_type in ("date", "timestamp")

    @property
    def is_id(self) -> bool:
        """Whether the column holds ids or keys."""
        return self.name.endswith(("_id", "_key"))


LOADER_COLUMNS = (
    Column(
        "_extracted_at",
        "timestamp",
        also=(
            "_fivetran_synced",
            "_airbyte_extracted_at",
            "_airbyte_emitted_at",
            "_dlt_load_id",
            "_sdc_batched_at",
            "_sdc_extracted_at",
        ),
        description="Time at which the loading tool read the record.",
    ),
    Column(
        "_is_deleted",
        "boolean",
        also=("_fivetran_deleted", "_sdc_deleted_at", "is_deleted", "deleted", "archived"),
        description="True if the vendor or the loading tool marks the record as deleted.",
    ),
    Column(
        "_version_from",
        "timestamp",
        also=("_fivetran_start",),
        description="Start of this version, if the loading tool keeps versions.",
    ),
    Column(
        "_version_to",
        "timestamp",
        also=("_fivetran_end",),
        description="End of this version; empty for the current one.",
    ),
    Column("_record_id", "varchar", also=("_dlt_id",), description="Id that dlt gives a record."),
    Column(
        "_parent_record_id",
        "varchar",
        also=("_dlt_parent_id",),
        description="Id that dlt gives the record with the list from which this record comes.",
    ),
)
"""The columns that every vendor's object has in addition: what loading tools say about a record."""

IS_DELETED = "_is_deleted"
"""The loader column that is true if any of its delivered columns says so."""

ENVELOPES = ("_airbyte_data",)
"""Columns in which a loading tool wraps the whole record."""


@dataclass(frozen=True)
class RowRule:
    """A condition on the typed columns of a row. `where` is SQL."""

    column: str
    where: str
    text: str
    """The problem, as the rest of a sentence that starts with the column."""
    advice: str = ""


@dataclass(frozen=True)
class Ends:
    """The columns that show whether ends are inclusive or exclusive."""

    start: str
    end: str
    item: tuple[str, ...]
    """Columns that identify the item whose periods follow each other."""


@dataclass(frozen=True)
class Inside:
    """The list in another object's records from which the records of an object come."""

    object: str
    """The object with the list."""
    list: tuple[str, ...]
    """Keys on the way to the list. The lists on this way are unnested too."""
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By column: the way to its value in the other object's record, if the list's element lacks it."""


@dataclass(frozen=True)
class Arrival:
    """The unified rows in which a landing object's rows must arrive. All texts are SQL."""

    model: str
    """The unified model."""
    delivered_key: tuple[str, ...]
    """Key of the delivered rows. Rows with equal keys are versions of each other."""
    columns: Mapping[str, str]
    """Key columns of the model, and the equal SQL on delivered rows."""
    delivered_where: str = "true"
    where: str = "true"
    delivered_total: str | None = None
    """A sum over the delivered rows of one key."""
    total: str | None = None
    """The expression with the equal sum over the rows of the model."""
    ids_from: Mapping[str, str] = field(default_factory=dict)
    """By column: the staging table with its value for rows whose id depends on neighbouring rows."""


@dataclass(frozen=True)
class Ties:
    """The SQL of what a row says about a person or a group. Null says nothing."""

    where: str = "true"
    """Filter for the rows that say something."""
    user_id: str = "null"
    visitor_id: str = "null"
    """Key under which the user appeared before he was known. It is the same person as `user_id`."""
    email: str = "null"
    group_id: str = "null"
    """Group of the user, or the group that `group_domain` describes."""
    group_domain: str = "null"
    precedence: int = 1
    """Of ties that contradict each other, those with the lowest number count."""


@dataclass(frozen=True)
class UsageColumns:
    """The SQL of an event's columns on delivered rows, if the rows of an object are usage events."""

    event_id: str = "event_id"
    account_id: str = "account_id"
    user_id: str = "user_id"
    event_name: str = "event_name"
    occurred_at: str = "occurred_at"
    where: str = "true"
    """Filter for the rows that are events."""
    kind: str = "null"
    """SQL that the others may call `kind`."""
    visitor_id: str = "null"
    """Key of a person whose user is unknown."""
    received_at: str = "null"
    """Time at which the system got the event, which cannot have happened later."""
    only_listed: str = "false"
    """Filter for the events that count only if the seed active_events lists them."""
    ties: Ties | None = None
    """Set if rows say who a person is. A tracking system declares it. Its events keep their persons."""


@dataclass(frozen=True)
class LandingObject:
    """The contract of one object of one source: `raw.<source>__<name>`."""

    source: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    version_at: str | None
    is_required: bool
    """A run needs the object, or a connected system that feeds one of the branches in `replaced_by`."""
    source_timezone: str
    replaced_by: tuple[str, ...] = ()
    """Branches of the unified layer that make the object dispensable."""
    arrival: Arrival | None = None
    """Every object of `generic` declares it or `usage`. A vendor's object arrives in its staging model."""
    usage: UsageColumns | None = None
    """Set if the rows are usage events. No model reads them one by one."""
    is_vendor: bool = False
    """Whether the object is one of a vendor's API, as any loading tool delivers it."""
    also: tuple[str, ...] = ()
    """Names that loading tools give the object's folder."""
    skips_rows: int = 0
    """Number of rows below the header of a CSV file that describe the columns again."""
    without: str = ""
    """What stays unknown if a vendor's object never arrives: the rest of a sentence that begins with `so`."""
    inside: Inside | None = None
    lists: tuple[LandingObject, ...] = ()
    """The objects that come from lists in the records of this one."""
    told_apart_by: tuple[str, ...] = ()
    """SQL on delivered rows: rows with the same key are different facts if they differ here."""
    latest_delivery: bool = False
    """True if all rows of a key in its latest delivery count, not only the latest row."""
    ends: Ends | None = None
    rejects: tuple[RowRule, ...] = ()
    warns: tuple[RowRule, ...] = ()
    prefixes: tuple[str, ...] = ()
    """Prefixes of column names that the loader ignores."""
    dialects: tuple[Dialect, ...] = ()
    """How each product writes the object, if the system stands for several."""
    dialect_column: str = ""
    """The column that names the product."""
    description: str = ""

    @property
    def relation(self) -> str:
        return f"raw.{self.source}__{self.name}"

    @property
    def label(self) -> str:
        return f"{self.source}/{self.name}"

    @property
    def delivered_key(self) -> tuple[str, ...]:
        """Return the SQL of the key on delivered rows."""
        return self.arrival.delivered_key if self.arrival else tuple(map(quote_identifier, self.key))

    def requiring_only(self, names: Collection[str]) -> LandingObject:
        """Return the same contract in which only the required columns among `names` are required."""
        columns = [
            replace(column, required=column.required and column.name in names) for column in self.columns
        ]
        return replace(self, columns=tuple(columns))

    def in_dialect(self, name: str) -> LandingObject | None:
        """Return the contract with the column names of one product; None if the product has no such object.

        Its lists are those that the product has.
        """
        found = next((one for one in self.dialects if one.name == name), None)
        if found is None:
            return None
        columns = [
            column if column in LOADER_COLUMNS else replace(column, also=found.columns.get(column.name, ()))
            for column in self.columns
        ]
        inside = self.inside
        if inside:
            inside = replace(inside, list=found.list)
        lists = (one.in_dialect(name) for one in self.lists)
        return replace(
            self,
            columns=tuple(columns),
            inside=inside,
            lists=tuple(one for one in lists if one and one.inside and one.inside.list),
            dialects=(found,),
        )

    def column(self, name: str) -> Column:
        """Return a column by its name. Raises KeyError for an unknown name."""
        return self._columns_by_name[name]

    @cached_property
    def _columns_by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def digest(self) -> str:
        """Return a digest of the rules. The loader retries refused files when it changes."""
        texts = {"description", "example", "called", "advice", "pattern_in_words"}
        rules = [
            {name: value for name, value in vars(column).items() if name not in texts}
            for column in self.columns
        ]
        facts: list[Any] = [self.label, self.source_timezone, rules, [rule.where for rule in self.rejects]]
        if self.is_vendor:
            facts += [self.prefixes, self.skips_rows, self.inside, [one.digest for one in self.lists]]
            facts += [self.dialects] if self.dialects else []
        return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:16]
