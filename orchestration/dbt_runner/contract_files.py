"""Read the landing contracts from the YAML of the dbt sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from orchestration.core.errors import ContractError, LandingError
from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR
from orchestration.dbt_runner.dialects import Declared, Dialect, read_dialects
from orchestration.dbt_runner.landing_contract import (
    ENVELOPES,
    LOADER_COLUMNS,
    Arrival,
    Column,
    Ends,
    Inside,
    LandingObject,
    RowRule,
    Ties,
    UsageColumns,
)


def load_contracts(project_dir: Path = PROJECT_DIR) -> dict[tuple[str, str], LandingObject]:
    """Read every `models/staging/*/_*__sources.yml`; keys are (source, object), in file order.

    A run asks several times, so unchanged files are read once per process. Raises ContractError if a table
    lacks a key or a column lacks a type.
    """
    paths = sorted((project_dir / "models" / "staging").glob("*/_*__sources.yml"))
    seeds = sorted((project_dir / "seeds").glob("*"))
    versions = ((path, path.stat()) for path in (*paths, *seeds))
    files = tuple((path, found.st_mtime_ns, found.st_size) for path, found in versions)
    return dict(_read(project_dir, files))


@lru_cache(maxsize=1)
def _read(
    project_dir: Path, files: tuple[tuple[Path, int, int], ...]
) -> dict[tuple[str, str], LandingObject]:
    """Read the files of contracts among `files`, each given with the time of its last change and its size."""
    contracts: dict[tuple[str, str], LandingObject] = {}
    borrowed: dict[tuple[str, str], tuple[str, Path, str]] = {}
    for path, *_ in files:
        if path.suffix != ".yml" or path.parent.name == "seeds":
            continue
        document = read_yaml(path)
        for source in document["sources"]:
            source_meta = _meta(source)
            owner = source_meta.get("same_as")
            own = []
            for table in source["tables"]:
                if owner:
                    key = (source["name"], table["name"])
                    borrowed[key] = (owner, path, table.get("description", ""))
                else:
                    own.append(_landing_object(path, source["name"], source_meta, table))
            for contract in _with_dialects(project_dir, source_meta, own):
                contracts[contract.source, contract.name] = contract
    for (name, table_name), (owner, path, description) in borrowed.items():
        if (owner, table_name) not in contracts:
            raise ContractError(
                f"{path.name}: {name}.{table_name} is to be the same as {owner}.{table_name}, which no "
                "contract declares. Correct `same_as` of the source, or the name of the table."
            )
        found = contracts[owner, table_name]
        contracts[name, table_name] = replace(found, source=name, description=description)
    return _with_lists(contracts)


def _with_dialects(
    project_dir: Path, source_meta: Mapping[str, Any], contracts: list[LandingObject]
) -> list[LandingObject]:
    """Add the names that each product gives the columns, if the system stands for several products."""
    meta = source_meta.get("dialects")
    if not meta:
        return contracts
    declared = Declared(meta["as"], meta["names"], meta["columns"], tuple(meta.get("checks", ())))
    own = {one.name: [c.name for c in one.columns if c not in LOADER_COLUMNS] for one in contracts}
    dialects = read_dialects(project_dir, declared, own)
    return [_speaking(one, dialects[one.name], declared.column) for one in contracts]


def _speaking(contract: LandingObject, dialects: tuple[Dialect, ...], column: str) -> LandingObject:
    """Return a contract with all names of all dialects, by which a file is recognised."""
    columns = [
        replace(
            one,
            also=tuple(dict.fromkeys(name for d in dialects for name in d.columns.get(one.name, one.also))),
        )
        if one not in LOADER_COLUMNS
        else one
        for one in contract.columns
    ]
    inside = contract.inside
    if inside:
        inside = replace(inside, list=next((one.list for one in dialects if one.list), inside.list))
    return replace(contract, columns=tuple(columns), inside=inside, dialects=dialects, dialect_column=column)


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
                formats=(*formats, *rules.get("formats", ())),
                words={str(word).lower(): str(code) for word, code in rules.get("words", {}).items()},
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
        arrival=_arrival(where, meta) if "arrives" in meta or not (is_vendor or "usage" in meta) else None,
        usage=_usage(where, meta["usage"]) if "usage" in meta else None,
        is_vendor=is_vendor,
        also=tuple(str(name) for name in meta.get("also", ())),
        skips_rows=int(meta.get("skips_rows", 0)),
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


def _usage(where: str, found: Mapping[str, Any]) -> UsageColumns:
    ties = found.get("ties")
    columns = {name: sql for name, sql in found.items() if name != "ties"}
    try:
        return UsageColumns(**columns, ties=None if ties is None else Ties(**ties))
    except TypeError as error:
        raise ContractError(f"{where}: `usage` has a wrong key ({error}).") from None


def _ends(meta: Mapping[str, Any]) -> Ends | None:
    found = meta.get("ends")
    return Ends(found["start"], found["end"], tuple(found["item"])) if found else None


def _inside(meta: Mapping[str, Any]) -> Inside | None:
    found = meta.get("inside")
    if not found:
        return None
    given = {name: tuple(str(way).split(".")) for name, way in found.get("with", {}).items()}
    way = found.get("list", "")
    return Inside(found["object"], tuple(way.split(".")) if way else (), given)


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
