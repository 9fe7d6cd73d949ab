"""The landing contracts, read from the dbt sources YAML."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestration.core.database import quote_identifier
from orchestration.core.errors import ContractError, LandingError
from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR

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
    """Every object of `generic` declares it. A vendor's object arrives in its staging model."""
    is_vendor: bool = False
    """Whether the object is one of a vendor's API, as any loading tool delivers it."""
    also: tuple[str, ...] = ()
    """Names that loading tools give the object's folder."""
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
            facts += [self.prefixes, self.inside, [one.digest for one in self.lists]]
        return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:16]


def load_contracts(project_dir: Path = PROJECT_DIR) -> dict[tuple[str, str], LandingObject]:
    """Read every `models/staging/*/_*__sources.yml`; keys are (source, object), in file order.

    Raises ContractError if a table lacks a key or a column lacks a type.
    """
    contracts: dict[tuple[str, str], LandingObject] = {}
    for path in sorted((project_dir / "models" / "staging").glob("*/_*__sources.yml")):
        document = read_yaml(path)
        for source in document["sources"]:
            source_meta = _meta(source)
            for table in source["tables"]:
                contract = _landing_object(path, source["name"], source_meta, table)
                contracts[contract.source, contract.name] = contract
    return _with_lists(contracts)


def generic_contracts() -> dict[tuple[str, str], LandingObject]:
    """Return the contracts of the objects that people export by hand."""
    return {key: contract for key, contract in load_contracts().items() if not contract.is_vendor}


def _with_lists(
    contracts: Mapping[tuple[str, str], LandingObject],
) -> dict[tuple[str, str], LandingObject]:
    """Add to each object those that come from its lists. Raises ContractError for an unknown parent."""
    lists: dict[tuple[str, str], list[LandingObject]] = {}
    for contract in contracts.values():
        if contract.inside:
            parent = (contract.source, contract.inside.object)
            if parent not in contracts or contracts[parent].inside:
                raise ContractError(
                    f"{contract.label} is inside {contract.inside.object}, which is no object."
                )
            lists.setdefault(parent, []).append(contract)
    return {key: replace(one, lists=tuple(lists.get(key, ()))) for key, one in contracts.items()}


def contracts_named(
    contracts: Mapping[tuple[str, str], LandingObject], name: str
) -> dict[tuple[str, str], LandingObject]:
    """Return the contracts with this name, with or without source. Raises LandingError if unknown."""
    named = {key: one for key, one in contracts.items() if name in (one.name, one.label)}
    if not named:
        known = ", ".join(one.name for one in contracts.values())
        raise LandingError(f"There is no object {name!r}. The objects are {known}.")
    return named


def _landing_object(
    path: Path, source: str, source_meta: Mapping[str, Any], table: Mapping[str, Any]
) -> LandingObject:
    meta = _meta(table)
    where = f"{path.name}: {source}.{table['name']}"
    if not meta.get("key"):
        raise ContractError(f"{where} declares no key. Add `config: {{meta: {{key: [column]}}}}`.")
    columns = []
    formats = tuple(meta.get("formats", source_meta.get("formats", ())))
    for column in table["columns"]:
        if "data_type" not in column:
            raise ContractError(f"{where}.{column['name']} declares no data_type.")
        rules = _meta(column)
        columns.append(
            Column(
                name=column["name"],
                data_type=column["data_type"].lower(),
                required=bool(rules.get("required", False)),
                enum=tuple(str(value) for value in rules.get("enum", ())),
                minimum=_decimal(rules.get("min")),
                minimum_exclusive=_decimal(rules.get("min_exclusive")),
                maximum=_decimal(rules.get("max")),
                pattern=rules.get("pattern"),
                pattern_in_words=rules.get("pattern_in_words"),
                refuses=rules.get("refuses"),
                pii=rules.get("pii"),
                may_be_address=bool(rules.get("may_be_address", False)),
                placeholder=rules.get("placeholder"),
                keeps=tuple(str(word).lower() for word in rules.get("keeps", ())),
                also=tuple(rules.get("also", ())),
                formats=formats,
                called=tuple(str(name) for name in rules.get("called", ())),
                advice=rules.get("advice", {}),
                description=column.get("description", ""),
                example=str(rules.get("example", "")),
            )
        )
    is_vendor = bool(source_meta.get("is_vendor", False))
    if is_vendor:
        columns += LOADER_COLUMNS
    missing = set(meta["key"]) - {column.name for column in columns}
    if missing:
        raise ContractError(f"{where}: the key contains undeclared columns: {', '.join(sorted(missing))}.")
    return LandingObject(
        source=source,
        name=table["name"],
        columns=tuple(columns),
        key=tuple(meta["key"]),
        version_at=meta.get("version_at"),
        is_required=bool(meta.get("is_required", False)),
        replaced_by=tuple(meta.get("replaced_by", ())),
        source_timezone=source_meta.get("source_timezone", "UTC"),
        arrival=None if is_vendor and "arrives" not in meta else _arrival(where, meta),
        is_vendor=is_vendor,
        also=tuple(str(name) for name in meta.get("also", ())),
        without=str(meta.get("without", "")),
        inside=_inside(meta),
        told_apart_by=tuple(meta.get("told_apart_by", ())),
        latest_delivery=bool(meta.get("latest_delivery", False)),
        ends=_ends(meta),
        rejects=_row_rules(meta, "rejects", "reason"),
        warns=_row_rules(meta, "warns", "text"),
        prefixes=(
            *(ENVELOPES if is_vendor else ()),
            *(str(prefix) for prefix in (*meta.get("prefixes", ()), *source_meta.get("prefixes", ()))),
        ),
        description=table.get("description", ""),
    )


def _ends(meta: Mapping[str, Any]) -> Ends | None:
    found = meta.get("ends")
    return Ends(found["start"], found["end"], tuple(found["item"])) if found else None


def _inside(meta: Mapping[str, Any]) -> Inside | None:
    found = meta.get("inside")
    if not found:
        return None
    given = {name: tuple(str(way).split(".")) for name, way in found.get("with", {}).items()}
    return Inside(found["object"], tuple(found["list"].split(".")), given)


def _row_rules(meta: Mapping[str, Any], kind: str, text: str) -> tuple[RowRule, ...]:
    return tuple(
        RowRule(rule["column"], rule["where"], rule[text], rule.get("advice", ""))
        for rule in meta.get(kind, ())
    )


def _arrival(where: str, meta: Mapping[str, Any]) -> Arrival:
    found = dict(meta.get("arrives") or {})
    model = found.pop("in", None)
    if not model:
        raise ContractError(
            f"{where} declares no `arrives`, so no check would notice lost rows. "
            "Add `arrives: {in: <unified model>}` to its meta."
        )
    key = meta["key"]
    delivered_key = found.pop("delivered_key", key)
    columns = found.pop("columns", dict(zip(key, delivered_key, strict=True)))
    try:
        return Arrival(model, tuple(delivered_key), columns, **found)
    except TypeError:
        raise ContractError(
            f"{where}: `arrives` has an unknown key among {', '.join(sorted(found))}."
        ) from None


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return (node.get("config") or {}).get("meta") or {}


def _decimal(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))
