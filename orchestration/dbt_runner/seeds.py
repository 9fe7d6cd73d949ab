"""Read the rows of a seed and check them by what `_seeds.yml` declares, with a message for each wrong row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.core.errors import ContractError
from orchestration.core.serialization import read_yaml
from orchestration.core.spelling import did_you_mean


@dataclass(frozen=True)
class SeedRow:
    """One row of a seed. An empty cell is an empty text."""

    file: str
    line: int
    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def wrong(self, what: str) -> ContractError:
        """Return the error of this row. `what` says what was expected and what to do."""
        return ContractError(f"{self.file}, line {self.line}: {what}")


def read_seed(project_dir: Path, name: str) -> list[SeedRow]:
    """Return the rows of `seeds/<name>.csv` without blank ones.

    Raises ContractError for a wrong header, and for a row that lacks a value of the seed's key, repeats a
    key, or has a value of another type than declared or outside `accepted_values`.
    """
    folder = project_dir / "seeds"
    declared = next(one for one in read_yaml(folder / "_seeds.yml")["seeds"] if one["name"] == name)
    types: Mapping[str, str] = declared["config"]["column_types"]
    file = f"seeds/{name}.csv"
    rows = []
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if list(reader.fieldnames or ()) != list(types):
            found = ", ".join(reader.fieldnames or ())
            raise ContractError(f"{file}: the header is {found}. Write {','.join(types)}.")
        for values in reader:
            row = SeedRow(file, reader.line_num, {column: values.get(column) or "" for column in types})
            if None in values or None in values.values():
                raise row.wrong(
                    f"the row does not have {len(types)} cells. Write a cell for each of {', '.join(types)}, "
                    "and quote a cell that contains a comma."
                )
            rows.append(SeedRow(file, row.line, {key: text.strip() for key, text in row.values.items()}))
    words = dict(_accepted_values(declared))
    key = _key(declared)
    met: dict[tuple[str, ...], int] = {}
    for row in rows:
        _check(row, types, words, key)
        found_key = tuple(row[column].lower() for column in key)
        if key and found_key in met:
            raise row.wrong(f"line {met[found_key]} has the same {', '.join(key)}. Remove one of the two.")
        met[found_key] = row.line
    return rows


def _check(
    row: SeedRow, types: Mapping[str, str], words: Mapping[str, list[str]], key: tuple[str, ...]
) -> None:
    for column, text in row.values.items():
        if not text:
            if column in key:
                raise row.wrong(f"{column} is empty. Give it a value, or remove the row.")
            continue
        expected = words.get(column, [])
        if types[column] == "boolean":
            expected = ["true", "false"]
        if types[column] == "integer" and not text.lstrip("-").isdecimal():
            raise row.wrong(f"{column} is {text!r}. Give a whole number.")
        if expected and text not in expected:
            meant = did_you_mean(text, expected)
            raise row.wrong(f"{column} is {text!r}.{meant} Give one of {', '.join(expected)}.")


def _key(declared: Mapping[str, Any]) -> tuple[str, ...]:
    tests = declared.get("data_tests", ())
    return next((tuple(test["unique_key"]["arguments"]["columns"]) for test in tests), ())


def _accepted_values(declared: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for column in declared["columns"]:
        for test in column.get("data_tests", ()):
            if isinstance(test, dict) and "accepted_values" in test:
                yield column["name"], [str(one) for one in test["accepted_values"]["arguments"]["values"]]
