"""One contract of a vendor's object reads the files of every loading tool, with the same raw rows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.core.errors import ContractError
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing import all_batches, pending_files
from orchestration.landing.withdrawing import withdraw
from tests.unit.landing_case import NOW, Case, make_case

SOURCES = """
sources:
  - name: shop
    config: {meta: {is_vendor: true, prefixes: [properties, property], formats: [none_text]}}
    tables:
      - name: orders
        config: {meta: {key: [id], also: [order, order_history]}}
        columns:
          - {name: id, data_type: varchar, config: {meta: {required: true}}}
          - {name: buyer, data_type: varchar, config: {meta: {also: [buyer_id]}}}
          - {name: product2_code, data_type: varchar}
          - {name: placed_at, data_type: timestamp}
          - {name: terms_rate_percent, data_type: "decimal(38,14)"}
          - {name: note, data_type: varchar, config: {meta: {also: [Remark (optional)]}}}
          - {name: details, data_type: varchar}
      - name: order_lines
        config:
          meta:
            key: [order, id]
            also: [order_line, orders__lines__data]
            inside: {object: orders, list: lines.data, with: {order: id}}
        columns:
          - {name: order, data_type: varchar, config: {meta: {required: true, also: [order_id]}}}
          - {name: id, data_type: varchar, config: {meta: {required: true}}}
          - {name: price_amount, data_type: "decimal(38,14)", config: {meta: {also: [plan_amount]}}}
          - {name: price_interval, data_type: varchar, config: {meta: {also: [plan_interval]}}}
      - name: answers
        config:
          meta:
            key: [order, question, value]
            inside:
              object: orders
              list: pages.questions.answers
              with: {order: id, question: pages.questions.id}
        columns:
          - {name: order, data_type: varchar}
          - {name: question, data_type: varchar}
          - {name: value, data_type: varchar}
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


ORDER: dict[str, Any] = {
    "Id": "o1",
    "buyer": {"id": "b1", "mail": "secret"},
    "Product2Code": "007",
    "placedAt": 1704067200,
    "terms": {"rate": {"percent": 12.5}},
    "details": {"crm": "x"},
    "lines": {
        "data": [
            {"id": "l1", "price": {"amount": "0.00000000000001", "interval": "month"}},
            {"id": "l2", "price": None, "plan": {"amount": 1000, "interval": "year"}},
        ]
    },
}
ORDER_ROW = ("o1", "b1", "007", at("2024-01-01 00:00"), "12.50000000000000", None, '{"crm":"x"}')
LINES = [("o1", "l1", "0.00000000000001", "month"), ("o1", "l2", "1000.00000000000000", "year")]

ORDER_COLUMNS = "id, buyer, product2_code, placed_at, terms_rate_percent::varchar, note, details"
LINE_COLUMNS = '"order", id, price_amount::varchar, price_interval'


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], LandingObject]:
    folder = tmp_path_factory.mktemp("project") / "models" / "staging" / "shop"
    folder.mkdir(parents=True)
    (folder / "_shop__sources.yml").write_text(SOURCES)
    return load_contracts(folder.parents[2])


@pytest.fixture
def case(tmp_path: Path, contracts: dict[tuple[str, str], LandingObject]) -> Case:
    return replace(make_case(tmp_path), contracts=contracts)


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


AIRBYTE = {"_airbyte_raw_id": "r", "_airbyte_extracted_at": 1704153600000, "_airbyte_meta": "{}"}
SHAPES: dict[str, dict[str, str]] = {
    "the API": {"orders/a.jsonl": lines(ORDER)},
    "Airbyte": {"orders/a.jsonl": lines({key.lower(): value for key, value in ORDER.items()} | AIRBYTE)},
    "Airbyte, unflattened": {"orders/a.jsonl": lines({**AIRBYTE, "_airbyte_data": ORDER})},
    "Airbyte, lists as text": {
        "orders/a.jsonl": lines(
            {**ORDER, "lines": json.dumps(ORDER["lines"]), "terms": json.dumps(ORDER["terms"])}
        )
    },
    "HubSpot's envelope": {
        "orders/a.jsonl": lines(
            {
                "Id": "o1",
                "lines": ORDER["lines"],
                "properties": {key: value for key, value in ORDER.items() if key not in ("Id", "lines")},
            }
        )
    },
    "Fivetran": {
        "order_history/a.csv": "id,buyer_id,product_2_code,property_placed_at,terms_rate_percent,details,"
        "_fivetran_synced,_fivetran_deleted\n"
        'o1,b1,007,2024-01-01 00:00:00,12.5,"{""crm"":""x""}",2024-01-02 00:00:00,false\n',
        "order_line/a.csv": "order_id,id,price_amount,plan_amount,price_interval,plan_interval\n"
        "o1,l1,0.00000000000001,,month,\no1,l2,,1000,,year\n",
    },
    "dlt": {
        "order/init": "",
        "_dlt_loads/a.jsonl": lines({"load_id": "1"}),
        "order/1.jsonl": lines(
            {
                "id": "o1",
                "buyer__id": "b1",
                "product2_code": "007",
                "placed_at": 1704067200,
                "terms__rate__percent": 12.5,
                "details": {"crm": "x"},
                "_dlt_id": "d1",
                "_dlt_load_id": "1704153600.25",
            }
        ),
        "orders__lines__data/1.jsonl": lines(
            {
                "id": "l1",
                "price__amount": "0.00000000000001",
                "price__interval": "month",
                "_dlt_parent_id": "d1",
            },
            {"id": "l2", "plan__amount": 1000, "plan__interval": "year", "_dlt_parent_id": "d1"},
        ),
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_loading_tool_gives_the_same_rows(case: Case, shape: str) -> None:
    for name, content in SHAPES[shape].items():
        folder, _, file = name.partition("/")
        case.put(file, content, folder)
    report = case.land()
    assert [batch.status for batch in report.new] == ["accepted", "accepted"], report.new
    assert report.ignored == ()
    assert case.rows(ORDER_COLUMNS, "shop__orders") == [ORDER_ROW]
    assert sorted(case.rows(LINE_COLUMNS, "shop__order_lines")) == LINES
    assert case.land().new == ()


def test_a_parquet_file_with_structs_and_lists_is_read(case: Case, tmp_path: Path) -> None:
    text, path = tmp_path / "a.jsonl", tmp_path / "a.parquet"
    text.write_text(lines(ORDER))
    duckdb.execute(f"copy (select * from read_json('{text}')) to '{path}' (format parquet)")
    case.put("a.parquet", path.read_bytes(), "orders")
    case.land()
    assert case.rows(ORDER_COLUMNS, "shop__orders") == [ORDER_ROW]
    assert case.rows(LINE_COLUMNS, "shop__order_lines") == LINES


def test_lists_in_lists_are_unnested_and_keep_what_is_on_their_way(case: Case) -> None:
    pages = [
        {"questions": [{"id": "q1", "answers": ["yes", "no"]}, {"id": "q2", "answers": []}]},
        {"questions": [{"id": "q3", "answers": [5]}]},
    ]
    case.put("a.jsonl", lines({"id": "o1", "pages": pages}, {"id": "o2", "pages": None}), "orders")
    case.land()
    found = case.rows('"order", question, value', "shop__answers")
    assert found == [("o1", "q1", "yes"), ("o1", "q1", "no"), ("o1", "q3", "5")]


def test_a_column_of_the_file_takes_precedence_over_one_in_an_object(case: Case) -> None:
    record = {"id": "o1", "terms_rate_percent": 7, "terms": {"rate": {"percent": 12.5}}}
    case.put("a.jsonl", lines(record), "orders")
    case.land()
    assert case.rows("terms_rate_percent", "shop__orders") == [(7,)]


def test_an_id_may_be_replaced_by_the_whole_object_in_some_records(case: Case) -> None:
    case.put("a.jsonl", lines({"id": "o1", "buyer": "b1"}, {"id": "o2", "buyer": {"id": "b2"}}), "orders")
    case.land()
    assert case.rows("id, buyer", "shop__orders") == [("o1", "b1"), ("o2", "b2")]


def test_numbers_in_objects_keep_every_digit(case: Case) -> None:
    case.put(
        "a.jsonl",
        '{"id": 12345678901234567890123, "terms": {"rate": {"percent": 0.10000000000001}}}',
        "orders",
    )
    case.land()
    assert case.rows("id, terms_rate_percent::varchar", "shop__orders") == [
        ("12345678901234567890123", "0.10000000000001")
    ]


@pytest.mark.parametrize(
    ("flags", "is_deleted"),
    [
        ({}, None),
        ({"archived": False}, False),
        ({"deleted": True}, True),
        ({"_fivetran_deleted": False, "is_deleted": "1"}, True),
        ({"_sdc_deleted_at": "2024-01-05T00:00:00Z"}, True),
        ({"_sdc_deleted_at": None, "is_deleted": False}, False),
    ],
)
def test_delete_flags_become_one(case: Case, flags: dict[str, Any], is_deleted: bool | None) -> None:
    case.put("a.jsonl", lines({"id": "o1", **flags}), "orders")
    case.land()
    assert case.rows("_is_deleted", "shop__orders") == [(is_deleted,)]


@pytest.mark.parametrize(
    "clock",
    [
        {"_fivetran_synced": "2024-01-02 00:00:00 UTC"},
        {"_airbyte_extracted_at": "2024-01-02T00:00:00Z"},
        {"_airbyte_emitted_at": 1704153600000},
        {"_dlt_load_id": "1704153600.0"},
        {"_sdc_batched_at": "2024-01-02T00:00:00.000000Z"},
    ],
)
def test_clocks_of_loading_tools_become_one_and_hold_for_lists(case: Case, clock: dict[str, Any]) -> None:
    case.put("a.jsonl", lines({**ORDER, **clock}), "orders")
    case.land()
    for relation in ("shop__orders", "shop__order_lines"):
        assert {row[0] for row in case.rows("_extracted_at", relation)} == {at("2024-01-02 00:00")}


def test_versions_of_a_loading_tool_are_kept(case: Case) -> None:
    header = "id,_fivetran_active,_fivetran_start,_fivetran_end\n"
    rows = "o1,false,2024-01-01,2024-02-01\no1,true,2024-02-01,9999-12-31T23:59:59Z\n"
    case.put("a.csv", header + rows, "order_history")
    (batch,) = case.land().new
    assert [remark for remark in batch.remarks if remark.kind == "told"] == []
    assert case.rows("_version_from, _version_to, _is_deleted", "shop__orders") == [
        (at("2024-01-01 00:00"), at("2024-02-01 00:00"), None),
        (at("2024-02-01 00:00"), None, None),
    ]


def test_names_of_a_csv_export_are_read(case: Case) -> None:
    case.put("a.csv", "Id,Placed At,Remark (optional)\no1,2024-01-01,None\no2,2024-01-02,hello\n", "Orders")
    case.land()
    assert case.rows("id, note", "shop__orders") == [("o1", None), ("o2", "hello")]


def test_other_columns_are_kept_without_their_prefix(case: Case) -> None:
    record = {"id": "o1", "properties": {"note": "n", "Stripe Id": "cus_1"}}
    case.put("a.jsonl", lines(record), "orders")
    case.put("a.csv", "id,property_note,property_stripe_id\no2,n,cus_2\n", "orders")
    case.land()
    found = case.rows("id, note, json_extract_string(_extra, 'stripe_id')", "shop__orders")
    assert sorted(found) == [("o1", "n", "cus_1"), ("o2", "n", "cus_2")]


def test_two_columns_of_one_name_refuse_the_file(case: Case) -> None:
    case.put("a.csv", "id,Buyer,buyer\no1,a,b\n", "orders")
    (batch,) = case.land().new
    assert batch.reason == "two columns have the same name: 'Buyer' and 'buyer'"


def test_a_wrong_list_refuses_its_file_with_its_name(case: Case) -> None:
    case.put("a.jsonl", lines({"id": "o1", "lines": {"data": [{"name": "no id"}]}}), "orders")
    (batch,) = case.land().new
    assert batch.status == "refused"
    assert str(batch.reason).startswith("in its list lines.data, required column id missing")
    assert case.rows("id", "shop__orders") == []


def test_a_withdrawn_file_takes_its_lists_with_it(case: Case) -> None:
    case.put("a.jsonl", lines(ORDER), "orders")
    batch, part = case.land().new
    assert (batch.label, part.label) == ("shop/orders/a.jsonl", "shop/orders/a.jsonl (order_lines)")
    withdraw(case.settings, "a.jsonl", "wrong", now=NOW)
    assert case.rows("id", "shop__order_lines") == []
    assert pending_files(case.settings, contracts=case.contracts) == []


def test_the_record_of_a_file_is_the_last_that_is_written(case: Case) -> None:
    """So a pass that was cut off loads the file and its lists again."""
    case.put("a.jsonl", lines(ORDER), "orders")
    batch, part = case.land().new
    batch.path.with_suffix(".json").unlink()
    assert [one.batch_id for one in all_batches(case.settings)] == [part.batch_id]
    assert [one.batch_id for one in case.land().new] == [batch.batch_id, part.batch_id]
    assert len(case.rows("id", "shop__order_lines")) == 2


def test_a_list_of_an_unknown_object_is_a_mistake_in_the_contract(tmp_path: Path) -> None:
    document = yaml.safe_load(SOURCES)
    document["sources"][0]["tables"] = document["sources"][0]["tables"][1:]
    folder = tmp_path / "models" / "staging" / "shop"
    folder.mkdir(parents=True)
    (folder / "_shop__sources.yml").write_text(yaml.safe_dump(document))
    with pytest.raises(ContractError, match=r"shop/order_lines is inside orders, which is no object"):
        load_contracts(tmp_path)
