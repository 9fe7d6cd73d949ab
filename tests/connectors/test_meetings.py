"""Meetings of Gong, tl;dv and Zoom give the calls of a plain export, whatever loads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestration.core.database import connect
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.landing import accepted_batches, create_raw_relations, land
from tests.connectors import meetings
from tests.connectors.shapes import SHAPES, Files
from tests.connectors.warehouses import built, differences, shown
from tests.unit.landing_case import make_case, session

pytestmark = pytest.mark.integration

LIST_IN_LIST = "crm_objects"
"""dlt makes a table of the objects in a context, which knows only the context and not the call."""

CASES = {
    (recorder, shape): found
    for recorder, found in {
        "gong": (meetings.gong(), meetings.GONG),
        "tldv": (meetings.tldv(), meetings.TLDV),
    }.items()
    for shape in ("airbyte", "airbyte_unflattened", "dlt", "singer")
}


def files_of(recorder: str, shape: str) -> Files:
    records, names = CASES[recorder, "singer"]
    [folder] = names
    found = SHAPES[shape]({folder: records}, names)
    return {f"meetings/{name}": text for name, text in found.items()}


def raw_rows(folder: Path, files: Files) -> dict[str, set[tuple[Any, ...]]]:
    """Land files; return the rows of each object, without what loading tools say about them."""
    folder.mkdir()
    case = make_case(folder)
    contracts = {key: one for key, one in load_contracts().items() if key[0] == "meetings"}
    for name, text in files.items():
        path = case.settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    report = land(case.settings, contracts=contracts)
    assert [(one.label, one.reason) for one in report.new if one.status == "refused"] == []
    assert [one.label for one in report.new if one.rows_quarantined] == []
    connection = session()
    connection.execute("drop schema if exists raw cascade")
    create_raw_relations(connection, contracts, accepted_batches(case.settings))
    found = {}
    for contract in contracts.values():
        columns = ", ".join(name for name in contract.column_names if not name.startswith("_"))
        found[contract.name] = set(
            connection.execute(f"select {columns} from {contract.relation}").fetchall()
        )
    return found


@pytest.mark.parametrize(("recorder", "shape"), CASES)
def test_every_loading_tool_gives_the_rows_of_the_api(tmp_path: Path, recorder: str, shape: str) -> None:
    expected = raw_rows(tmp_path / "api", files_of(recorder, "api"))
    assert expected["meetings"]
    assert expected["participants"]
    found = raw_rows(tmp_path / "tool", files_of(recorder, shape))
    different = {name for name, rows in expected.items() if rows != found[name]}
    assert different == ({LIST_IN_LIST} if (recorder, shape) == ("gong", "dlt") else set())


def recorded() -> Files:
    zoom = {f"meetings/{name}": text for name, text in meetings.zoom().items()}
    return {**files_of("gong", "api"), **files_of("tldv", "api"), **zoom}


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A warehouse with the calls as a plain export, and one with the meetings of three tools."""
    folder = tmp_path_factory.mktemp("meetings")
    plain = built(folder / "plain", {**meetings.the_rest(), **meetings.plain_calls()})
    return plain, built(folder / "recorded", {**meetings.the_rest(), **recorded()}, systems="meetings")


def rows(warehouse: Path, query: str) -> list[tuple[Any, ...]]:
    with connect(warehouse, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_meetings_of_three_tools_give_the_calls_of_a_plain_export(warehouses: tuple[Path, Path]) -> None:
    plain, tools = warehouses
    query = (
        "select account_id, held_at, minutes, call_kind from unified.unified_calls "
        "where account_id is not null order by all"
    )
    assert len(rows(plain, query)) == len(meetings.CALLS)
    assert rows(tools, query) == rows(plain, query)
    by_account = "select * from intermediate.int_calls__accounts order by all"
    assert len(rows(plain, by_account)) == 2
    assert rows(tools, by_account) == rows(plain, by_account)
    found = differences(plain, tools)
    assert found == {}, shown(found)


def test_calls_have_the_ids_of_their_tools(warehouses: tuple[Path, Path]) -> None:
    found = rows(warehouses[1], "select call_id from unified.unified_calls order by all")
    assert [name for (name,) in found] == [
        "meetings:gong:5",
        "meetings:gong:77823422740259378951",
        "meetings:tldv:64a2",
        "meetings:tldv:64a3",
        "meetings:tldv:64a4",
        "meetings:zoom:86012345678@2025-11-10 10:00:00",
        "meetings:zoom:86012345678@2025-11-17 10:00:00",
    ]


def test_meetings_that_count_for_no_account_are_counted(warehouses: tuple[Path, Path]) -> None:
    found = rows(
        warehouses[1],
        "select table_name, check_name, observed, status from marts._data_quality "
        "where (table_name like 'meetings/%' or (table_name = 'calls' and detail = 'meetings')) "
        "and observed > 0 and check_name not in ('delivered_rows', 'reading_remarks') order by all",
    )
    assert found == [
        ("calls", "account_unknown", 1, "warn"),
        ("calls", "same_call", 2, "pass"),
        ("calls", "several_accounts", 1, "warn"),
        ("meetings/meetings", "internal_meeting", 1, "pass"),
    ]


def test_no_address_and_no_title_leaves_the_staging_layer(warehouses: tuple[Path, Path]) -> None:
    with connect(warehouses[1], read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name not in ('raw', 'seeds') "
            "and (table_name like '%meeting%' or table_name like '%call%')"
        ).fetchall()
        assert len(tables) >= 10
        for (table,) in tables:
            texts = str(connection.execute(f"select * from {table}").fetchall())
            assert "@us.example" not in texts, table
            assert "@one.example" not in texts.lower(), table
            assert "Acme" not in texts, table
