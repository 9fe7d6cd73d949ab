"""The contracts of the published marts: columns, constraints and tests in dbt's manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from orchestration.core.errors import BuildError
from orchestration.core.lock import WarehouseLock
from orchestration.core.settings import Settings
from orchestration.dbt_runner.parsing import MANIFEST_FILE, prepare_manifest
from orchestration.dbt_runner.version import dbt_version

MARTS_SCHEMA = "marts"

NOT_NULL = "not_null"
UNIQUE = "unique"
UNIQUE_KEY = "unique_key"
ACCEPTED_VALUES = "accepted_values"
ACCEPTED_RANGE = "accepted_range"
RELATIONSHIPS = "relationships"

_ARGUMENTS = {
    NOT_NULL: frozenset[str](),
    UNIQUE: frozenset[str](),
    UNIQUE_KEY: frozenset({"columns"}),
    ACCEPTED_VALUES: frozenset({"values", "quote"}),
    ACCEPTED_RANGE: frozenset({"min_value", "max_value", "inclusive"}),
    RELATIONSHIPS: frozenset({"to", "field"}),
}
"""The tests that an audit can evaluate, with the arguments that it supports."""

_DEFAULTS = {"limit": None, "fail_calc": "count(*)", "warn_if": "!= 0", "error_if": "!= 0"}
"""Settings of a test that an audit supports only with these values."""


@dataclass(frozen=True)
class MartColumn:
    """One column of a published table."""

    data_type: str
    """dbt's data type, such as `decimal(18, 4)`."""
    is_not_null: bool = False
    pii: str | None = None
    """Personal data that the column may contain: `name`, or None."""


@dataclass(frozen=True)
class DeclaredTest:
    """A data test of one mart that an audit can evaluate on the exported file."""

    name: str
    """The name by which dbt selects it."""
    kind: str
    columns: tuple[str, ...]
    """The tested column, or all columns of a `unique_key`."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Arguments besides the columns. `to` of `relationships` is the name of the other mart."""
    where: str | None = None
    """SQL condition on the tested rows."""
    is_warning: bool = False


@dataclass(frozen=True)
class MartContract:
    """What the project declares for one mart."""

    columns: Mapping[str, MartColumn]
    """In the order of the table."""
    has_all_columns: bool = True
    """dbt enforces the contract, so the table has no other columns."""
    tests: tuple[DeclaredTest, ...] = ()
    may_be_empty: bool = False


MartContracts = Mapping[str, MartContract]
"""Contracts by mart, ordered by folder and name."""


def load_mart_contracts(settings: Settings, lock: WarehouseLock | None = None) -> MartContracts:
    """Parse the project if it changed, and return its contracts.

    Leaves out marts with `meta: {published: false}`. Raises BuildError if the project does not parse or
    declares nothing for a mart, and LockedError if another run writes for long.
    """
    prepare_manifest(settings, dbt_version(), lock)
    return parsed_mart_contracts(settings)


def parsed_mart_contracts(settings: Settings) -> MartContracts:
    """Return the contracts of the project that was parsed last, which a run with these policies builds."""
    path = settings.dbt / "target" / MANIFEST_FILE
    return _read(path, path.stat().st_mtime_ns, account_attributes(settings))


def account_attributes(settings: Settings) -> tuple[str, ...]:
    """Return the columns of accounts that a policy adds to the contracts."""
    return tuple(settings.policies_in_force["account_attributes"])


@lru_cache(maxsize=4)
def _read(path: Path, _: int, attributes: tuple[str, ...]) -> MartContracts:
    return read_contracts(json.loads(path.read_text(encoding="utf-8")), attributes)


def audited_tests(contracts: MartContracts) -> list[str]:
    """Return the names of the tests that the audit evaluates on the exported file."""
    return [test.name for contract in contracts.values() for test in contract.tests]


def read_contracts(manifest: Mapping[str, Any], attributes: Sequence[str] = ()) -> MartContracts:
    """Return the contracts in dbt's manifest. Raises BuildError if it declares nothing for a mart.

    A mart with `meta: {account_attributes: true}` also has a column for each of the attributes.
    """
    models = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and node["schema"] == MARTS_SCHEMA
        and node["config"]["meta"].get("published", True)
    }
    tests: dict[str, list[DeclaredTest]] = {}
    for node in manifest["nodes"].values():
        if (attached := node.get("attached_node")) in models and (test := _test(node, models)):
            tests.setdefault(attached, []).append(test)
    contracts, missing = {}, []
    for unique_id, node in sorted(models.items(), key=lambda item: item[1]["original_file_path"]):
        declared = sorted(tests.get(unique_id, ()), key=lambda test: test.name)
        is_enforced = node["config"]["contract"]["enforced"] and bool(node["columns"])
        if not is_enforced and not declared:
            missing.append(_missing(node))
        columns = {name: _column(column) for name, column in node["columns"].items()}
        if node["config"]["meta"].get("account_attributes"):
            columns |= {name: MartColumn("string") for name in attributes}
        contracts[node["alias"]] = MartContract(
            columns=columns,
            has_all_columns=is_enforced,
            tests=tuple(declared),
            may_be_empty=bool(node["config"]["meta"].get("may_be_empty", False)),
        )
    if missing:
        raise BuildError("\n".join(missing))
    return contracts


def _column(column: Mapping[str, Any]) -> MartColumn:
    return MartColumn(
        data_type=column["data_type"] or "",
        is_not_null=any(constraint["type"] == NOT_NULL for constraint in column["constraints"]),
        pii=column["config"]["meta"].get("pii"),
    )


def _test(node: Mapping[str, Any], models: Mapping[str, Any]) -> DeclaredTest | None:
    """Return a test that an audit can evaluate, or None if only dbt can run it."""
    metadata, config = node["test_metadata"], node["config"]
    kind, arguments = metadata["name"], dict(metadata["kwargs"])
    del arguments["model"]
    column = arguments.pop("column_name", None)
    known = _ARGUMENTS.get(kind)
    if metadata["namespace"] or known is None or not set(arguments) <= known:
        return None
    if any(config[name] != value for name, value in _DEFAULTS.items()):
        return None
    if config["where"] and kind not in (UNIQUE, UNIQUE_KEY):
        return None
    if kind == RELATIONSHIPS:
        others = [one for one in node["depends_on"]["nodes"] if one != node["attached_node"]]
        if len(others) != 1 or others[0] not in models:
            return None
        arguments["to"] = models[others[0]]["alias"]
    values = (*arguments.get("values", ()), arguments.get("min_value"), arguments.get("max_value"))
    is_sql = kind == ACCEPTED_RANGE or not arguments.pop("quote", True)
    if is_sql and any(isinstance(value, str) for value in values):
        return None
    columns: Sequence[str] = arguments.pop("columns") if kind == UNIQUE_KEY else [column]
    return DeclaredTest(
        name=node["name"],
        kind=kind,
        columns=tuple(name.strip('"') for name in columns),
        arguments=arguments,
        where=config["where"],
        is_warning=config["severity"].lower() == "warn",
    )


def _missing(node: Mapping[str, Any]) -> str:
    model = Path(node["original_file_path"])
    patch = (node["patch_path"] or "").partition("://")[2]
    return "\n".join(
        [
            f"{model}: the project declares nothing for the mart {node['name']}, so no audit can check it. "
            f"Declare its grain and its columns in {patch or model.with_suffix('.yml')}, such as:",
            *_example(node["name"]),
            "Or keep the mart out of releases. Put this into the model:",
            "  {{ config(meta={'published': false}, contract={'enforced': false}) }}",
        ]
    )


def _example(mart: str) -> Iterator[str]:
    yield "  version: 2"
    yield "  models:"
    yield f"    - name: {mart}"
    yield '      description: "What the mart is for."'
    yield "      data_tests:"
    yield "        - unique_key: {arguments: {columns: [account_id, month]}}"
    yield "      columns:"
    yield "        - name: account_id"
    yield "          data_type: string"
    yield '          description: "What the column means."'
    yield "          constraints: [{type: not_null}]"
