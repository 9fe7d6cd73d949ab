"""The case file as plain values: landing rows, policies and the expected rows of the marts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.core.serialization import read_yaml
from tests.cases.tables import NULL, Row, parse_table
from tests.compiled import contracts

CASES_FILE = Path(__file__).with_name("revenue_cases.yml")

DEFAULTS: Mapping[str, Row] = {
    "subscription_periods": {"account_id": "a", "currency": "USD", "interval": "month"},
    "invoices": {"account_id": "a", "currency": "USD"},
    "contracts": {"account_id": "a"},
}
"""Cells for columns that a landing table leaves out; `_with_defaults` derives missing ids from the row."""

_WORDS = {"number", "title", "note", "policies", "as_of", "variants", "rejected"}


@dataclass(frozen=True)
class Case:
    """One setup under one set of policies. All cells are text, and nulls are left out."""

    number: str
    title: str
    policies: Mapping[str, Any]
    as_of: datetime
    landing: Mapping[str, list[Row]]
    expected: Mapping[str, list[Row]]
    """Rows by mart; none if the mart must have no row of this case."""
    rejected: list[Row] | None
    """Rows that the landing contract rejects: object, row, column and reason."""

    @property
    def name(self) -> str:
        """Number and title, then the policies that differ from the defaults."""
        policies = ", ".join(f"{name}={value}" for name, value in self.policies.items())
        return f"{self.number} {self.title}" + (f" [{policies}]" if policies else "")


def read_cases() -> list[Case]:
    """All cases of the file. Each variant is a case of its own after its base case."""
    content = read_yaml(CASES_FILE)
    return [
        case for entry in content["cases"] for case in _cases(entry, {"as_of": content["as_of"], **entry})
    ]


def _cases(entry: Mapping[str, Any], base: Mapping[str, Any]) -> Iterator[Case]:
    yield _case(base, entry)
    for variant in entry.get("variants", ()):
        setup = {name: value for name, value in base.items() if name in _objects() | _WORDS - {"rejected"}}
        title = variant.get("title")
        merged = {
            **setup,
            **variant,
            "title": f"{base['title']}: {title}" if title else base["title"],
            "policies": {**base.get("policies", {}), **variant.get("policies", {})},
        }
        yield _case(merged, variant)


def _case(merged: Mapping[str, Any], own: Mapping[str, Any]) -> Case:
    marts = own.keys() - _objects() - _WORDS
    assert marts or "rejected" in own, f"{merged['number']} {merged['title']}: expects nothing"
    landing = {name: _rows(merged[name]) for name in merged.keys() & _objects()}
    return Case(
        number=str(merged["number"]),
        title=merged["title"],
        policies=merged.get("policies", {}),
        as_of=_instant(merged["as_of"]),
        landing={name: _with_defaults(name, landing[name]) for name in sorted(landing)},
        # In the order of the file.
        expected={mart: _rows(own[mart]) for mart in own if mart in marts},
        rejected=parse_table(own["rejected"]) if "rejected" in own else None,
    )


def _rows(text: str) -> list[Row]:
    return [] if text.strip() == "none" else parse_table(text)


def _with_defaults(name: str, rows: list[Row]) -> list[Row]:
    complete = []
    for number, row in enumerate(rows, start=1):
        cells = row | {column: cell for column, cell in DEFAULTS.get(name, {}).items() if column not in row}
        # By default, an account has one subscription and a row has its own key.
        if name == "subscription_periods":
            cells.setdefault("subscription_id", cells["account_id"])
        if name in ("invoices", "contracts"):
            cells.setdefault(f"{name.removesuffix('s')}_id", f"{name}{number}")
        complete.append({column: cell for column, cell in cells.items() if cell != NULL})
    return complete


def _objects() -> set[str]:
    """Names of the landing objects; no mart has such a name."""
    return {name for source, name in contracts() if source == "generic"}


def _instant(value: Any) -> datetime:
    return datetime.fromisoformat(str(value))
