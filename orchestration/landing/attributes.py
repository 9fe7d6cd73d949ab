"""The attributes of accounts: columns outside the contract that the policy `account_attributes` names.

A batch keeps such columns in `_extra`, whatever the policy. In the raw relation of accounts they are columns
of text, and the same rules apply to them as to the contract's columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestration.core.database import quote_literal
from orchestration.core.spelling import squashed
from orchestration.dbt_runner.landing_contract import Column, LandingObject
from orchestration.landing.batches import Batch
from orchestration.landing.values.conventions import BLANKS, is_nothing

ACCOUNTS = "unified_accounts"
"""The unified model in which the rows of accounts arrive."""

KEEPS = ("na",)
"""Words that are values here: NA is North America in a column of regions."""


def has_attributes(contract: LandingObject) -> bool:
    """Return whether the rows of an object are accounts."""
    return contract.arrival is not None and contract.arrival.model == ACCOUNTS


def with_attributes(
    contract: LandingObject, batches: Sequence[Batch], attributes: Sequence[str]
) -> tuple[LandingObject, list[Batch], dict[str, list[str]]]:
    """Add the attributes to the contract of accounts and to the records of its batches.

    Also returns the keys of each attribute in `_extra`, where case and underscores do not matter. Other
    objects have no attributes.
    """
    if not attributes or not has_attributes(contract):
        return contract, list(batches), {}
    columns = tuple(Column(name, "varchar") for name in attributes)
    extended = [
        replace(
            batch,
            columns=None if batch.columns is None else (*batch.columns, *_delivered(batch, attributes)),
            # The loader looks for addresses in the contract's columns only.
            address_columns=(*batch.address_columns, *attributes),
        )
        for batch in batches
    ]
    keys = sorted({key for batch in batches for key in batch.extra_columns or ()})
    spellings = {
        name: [name, *(key for key in keys if key != name and squashed(key) == squashed(name))]
        for name in attributes
    }
    return replace(contract, columns=(*contract.columns, *columns)), extended, spellings


def attribute_sql(spellings: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the SQL of each attribute: the trimmed text, and null for an empty cell."""
    blanks = quote_literal(BLANKS)
    found = {}
    for name, keys in spellings.items():
        paths = [quote_literal(f'$."{key}"') for key in keys]
        cells = [f"trim(json_extract_string(_extra, {path}), {blanks})" for path in paths]
        values = [
            f"case when {cell} <> '' and not {is_nothing(cell, KEEPS)} then {cell} end" for cell in cells
        ]
        found[name] = f"coalesce({', '.join(values)})"
    return found


def _delivered(batch: Batch, attributes: Sequence[str]) -> list[str]:
    """Return the attributes that the file has as columns; all of them for a record of an older version."""
    if batch.extra_columns is None:
        return list(attributes)
    squeezed = {squashed(key) for key in batch.extra_columns}
    return [name for name in attributes if squashed(name) in squeezed]
