"""docs/add-a-connector.md shows the files of Pipedrive, explains the contract, and its sample lands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR
from orchestration.dbt_runner import contract_files
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.landing_contract import BATCH_COLUMNS, LOADER_COLUMNS
from orchestration.landing import land
from orchestration.landing.values.vendor_formats import _FORMATS
from tests.unit.landing_case import NOW, make_case

GUIDE = (PROJECT_DIR / "docs" / "add-a-connector.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"`([\w./-]+)`:\s*$")
FOLDERS = ("models/staging/pipedrive", "models/unified/pipedrive")

OF_FILES = {"yaml", "sql", "markdown"}
"""Languages of the blocks that show a file of the project."""

OTHERS = {"sh", "json", ""}
"""Languages of commands, of the sample record, and of output and exports."""


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    path: str
    """The file that the line above names; empty without one."""


def blocks() -> list[Block]:
    found = []
    for match in BLOCK.finditer(GUIDE):
        above = GUIDE[: match.start()].rstrip().rpartition("\n")[2]
        named = PATH.fullmatch(above.strip())
        found.append(Block(match[2], dedent(match[3]), named[1] if named else ""))
    return found


def section(title: str) -> str:
    return re.split(r"^##+ ", GUIDE.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without their heads."""
    lines = re.findall(r"^\| (.*)\|$", text, flags=re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def names(text: str) -> set[str]:
    """The names in the first column of the tables in a text."""
    return {name for row in rows(text) for name in re.findall(r"`(\w+)`", row[0])}


def stands_in(block: str, file: str) -> bool:
    """Whether the file contains the lines of a block, all moved by the same number of spaces."""
    wanted, lines = block.rstrip().splitlines(), file.splitlines()
    return any(
        dedent("\n".join(lines[start : start + len(wanted)])).splitlines() == wanted
        for start in range(len(lines) - len(wanted) + 1)
        if lines[start].strip() == wanted[0].strip()
    )


def test_every_block_of_a_file_stands_in_that_file() -> None:
    assert {block.language for block in blocks()} == OF_FILES | OTHERS
    shown = [block for block in blocks() if block.language in OF_FILES]
    assert len(shown) >= 10
    for block in shown:
        assert block.path, f"no line above names the file of: {block.text}"
        file = (PROJECT_DIR / block.path).read_text(encoding="utf-8")
        assert stands_in(block.text, file), f"{block.path} does not contain: {block.text}"
    assert not stands_in("a: 1\nb: 2", "a: 1\n  b: 2\n")


def test_every_file_of_the_connector_is_mentioned() -> None:
    files = {
        path.relative_to(PROJECT_DIR).as_posix()
        for folder in FOLDERS
        for path in (PROJECT_DIR / folder).iterdir()
    }
    assert len(files) == 15
    assert {path for path in re.findall(r"`([\w./-]+)`", GUIDE) if path.startswith(FOLDERS)} == files


class _Watched(dict[str, Any]):
    """A mapping of YAML that records which keys somebody asks for."""

    def __init__(self, content: Mapping[str, Any], asked: set[str]) -> None:
        super().__init__(
            {key: _Watched(one, asked) if key == "inside" else one for key, one in content.items()}
        )
        self.asked = asked

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


def test_every_key_of_a_contract_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The guide explains the keys that the project reads for a vendor, and no others."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "staging").mkdir()
    for system in ("pipedrive", "hubspot", "meetings"):  # HubSpot has lists, meetings have dialects
        folder = PROJECT_DIR / "models" / "staging" / system
        (tmp_path / "models" / "staging" / system).symlink_to(folder, target_is_directory=True)
    (tmp_path / "seeds").symlink_to(PROJECT_DIR / "seeds", target_is_directory=True)
    asked: set[str] = set()
    read = contract_files._meta
    monkeypatch.setattr(contract_files, "_meta", lambda node: _Watched(read(node), asked))
    load_contracts(tmp_path)
    assert {"key", "is_vendor", "inside", "with", "pii"} <= asked
    titles = ("Keys of the source", "Keys of a table", "Keys of a column")
    keys = {key for title in titles for key in names(section(title).partition("| format |")[0])}
    others = section("Keys of a column").partition("The keys ")[2].partition(" serve ")[0]
    assert keys | set(re.findall(r"`(\w+)`", others)) == asked
    assert names(section("Keys of the source").partition("| format |")[2]) == set(_FORMATS)


def test_every_column_of_every_table_is_explained() -> None:
    loaders = {column.name for column in LOADER_COLUMNS}
    assert names(section("Columns that every table has")) == loaders | set(BATCH_COLUMNS)


def branches() -> Iterator[tuple[str, Path]]:
    project = read_yaml(PROJECT_DIR / "dbt_project.yml")
    for system, fed in project["vars"]["csw"]["connector_branches"].items():
        for branch in fed:
            name = f"unified_{system}__{branch}.yml"
            yield branch, PROJECT_DIR / "models" / "unified" / system / name


def test_a_run_leaves_out_the_keys_of_every_system() -> None:
    project = read_yaml(PROJECT_DIR / "dbt_project.yml")
    tagged = project["data_tests"]["csw"]["unified"]
    assert set(tagged) == {"identity", *project["vars"]["csw"]["connector_branches"]}


def shape(path: Path, docs: Mapping[str, str]) -> tuple[list[str], list[list[str]]]:
    """Key and columns of a branch, as its YAML declares them."""
    [model] = read_yaml(path)["models"]
    [key] = [test["unique_key"]["arguments"]["columns"] for test in model["data_tests"]]
    columns = []
    for column in model["columns"]:
        required = {"type": "not_null"} in column.get("constraints", ())
        doc = re.fullmatch(r"\{\{ doc\(\"(\w+)\"\) \}\}", column["description"])
        meaning = docs[doc[1]] if doc else column["description"]
        columns.append([f"`{column['name']}`", column["data_type"], "yes" if required else "", meaning])
    return key, columns


def test_the_shape_of_every_branch_is_that_of_every_system() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (PROJECT_DIR / "models").rglob("*.md")]
    docs = dict(re.findall(r"\{% docs (\w+) %\}\n(.*?)\n\{% enddocs %\}", "\n".join(texts), re.DOTALL))
    explained = set(re.findall(r"^### `(\w+)`$", GUIDE, flags=re.MULTILINE))
    assert explained == {branch for branch, _ in branches()}
    for branch, path in branches():
        key, columns = shape(path, docs)
        text = section(f"`{branch}`")
        assert columns[-2:] == [
            ["`_batch_id`", "string", "", docs["_batch_id"]],
            ["`_loaded_at`", "timestamp", "", docs["_loaded_at"]],
        ]
        assert rows(text)[1:] == columns[:-2], path.name
        assert f"Key: {', '.join(f'`{name}`' for name in key)}.\n" in text, path.name


def test_the_sample_lands_as_the_guide_shows(tmp_path: Path) -> None:
    [record] = [block.text for block in blocks() if block.language == "json"]
    contracts = {key: one for key, one in load_contracts().items() if key[0] == "pipedrive"}
    case = make_case(tmp_path)
    case.contracts = contracts
    folder = case.settings.landing / "pipedrive" / "organizations"
    folder.mkdir(parents=True)
    (folder / "sample.jsonl").write_text(json.dumps(json.loads(record)) + "\n", encoding="utf-8")
    [batch] = land(case.settings, now=NOW, contracts=contracts).new
    assert batch.status == "accepted"
    remarks = [remark.text for remark in batch.remarks if "_extra" in remark.text]
    assert [f"sample.jsonl: {text}." in GUIDE for text in remarks] == [True]
    shown = {
        row[0].strip("`"): row[1].strip("`")
        for row in rows(section("4. A sample file"))
        if row[0].startswith("`") and row[1].startswith("`")
    }
    assert len(shown) >= 6
    [values] = case.rows(", ".join(shown), "pipedrive__organizations")
    assert dict(zip(shown, map(str, values), strict=True)) == shown
