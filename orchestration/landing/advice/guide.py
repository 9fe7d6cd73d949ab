"""Generate the file templates and the page docs/files.md from the contracts.

`python -m orchestration.landing.advice.guide > docs/files.md` regenerates the page.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping
from pathlib import Path

from orchestration.dbt_runner.contract_files import generic_contracts
from orchestration.dbt_runner.landing_contract import Column, LandingObject
from orchestration.landing.values.conventions import conventions

_HEAD = Path(__file__).with_name("guide.md")


def template_files(contract: LandingObject) -> Mapping[str, str]:
    """By file name: an example file with every column, and a description of each column."""
    example = io.StringIO()
    writer = csv.writer(example, lineterminator="\n")
    writer.writerow(contract.column_names)
    writer.writerow([column.example for column in contract.columns])
    return {f"{contract.name}.csv": example.getvalue(), f"{contract.name}.md": _section(contract)}


def write_templates(folder: Path, contracts: Mapping[tuple[str, str], LandingObject]) -> list[Path]:
    """Write the templates of the contracts into a folder; return the files."""
    written = []
    for contract in contracts.values():
        for name, text in template_files(contract).items():
            path = folder / contract.source / contract.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def format_in_words(column: Column) -> str:
    """Describe the format of a column's cells."""
    if column.enum:
        return f"one of {', '.join(column.enum)}"
    if column.pattern_in_words:
        return column.pattern_in_words
    words = {
        "varchar": "text",
        "bigint": "whole number",
        "boolean": "true or false",
        "date": "date",
        "timestamp": "date or time",
    }.get(column.data_type, "number")
    limits = [
        f"{word} {limit}"
        for word, limit in (
            ("at least", column.minimum),
            ("above", column.minimum_exclusive),
            ("at most", column.maximum),
        )
        if limit is not None
    ]
    return ", ".join([words, *limits])


def guide_page(contracts: Mapping[tuple[str, str], LandingObject]) -> str:
    """Return the page in Markdown."""
    known = conventions()
    page = _HEAD.read_text(encoding="utf-8").format(
        nothing=", ".join(f"`{word}`" for word in known.nothing),
        before=known.placeholder_before,
        until=known.placeholder_from,
        exactly=", ".join(known.placeholder_days),
        share=known.share,
        rows=known.rows,
    )
    return page + "\n".join(_section(contract) for contract in contracts.values())


def _section(contract: LandingObject) -> str:
    need = "required" if contract.is_required else "optional"
    key = ", ".join(f"`{name}`" for name in contract.key)
    lines = [
        f"## `{contract.name}` ({need})",
        "",
        f"{contract.description} Key: {key}.",
        "",
        "| column | required | format | example | meaning |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{column.name}` | {'yes' if column.required else ''} | {format_in_words(column)} | "
        f"{f'`{column.example}`' if column.example else ''} | {column.description} |"
        for column in contract.columns
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(guide_page(generic_contracts()))
