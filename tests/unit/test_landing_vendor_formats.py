"""What only some vendors' files contain: their own formats of values, and further header rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.dbt_runner.landing_contract import LOADER_COLUMNS, Column, LandingObject
from tests.unit.landing_case import Case, make_case

ORDERS = LandingObject(
    source="shop",
    name="orders",
    columns=(Column("id", "varchar", required=True), Column("placed_at", "timestamp"), *LOADER_COLUMNS),
    key=("id",),
    version_at=None,
    is_required=False,
    source_timezone="UTC",
    is_vendor=True,
)


def case_of(folder: Path, contract: LandingObject) -> Case:
    folder.mkdir(exist_ok=True)
    return replace(make_case(folder), contracts={("shop", "orders"): contract})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("utc_suffix", "2024-01-05 10:00:00 +0000 UTC", "2024-01-05 10:00"),
        ("zone_names", "2024-01-05 10:00:00 PST", "2024-01-05 18:00"),
        ("zone_names", "2024-07-05 10:00:00 PDT", "2024-07-05 17:00"),
        ("exponent_epochs", "1.7040672E9", "2024-01-01"),
    ],
)
def test_a_format_of_a_vendor_is_read_only_where_the_contract_declares_it(
    tmp_path: Path, name: str, text: str, value: str
) -> None:
    for number, formats in enumerate([(name,), ()]):
        columns = tuple(replace(column, formats=formats) for column in ORDERS.columns)
        case = case_of(tmp_path / str(number), replace(ORDERS, columns=columns))
        case.put("a.csv", f"id,placed_at\no1,{text}\no2,2024-01-01\n", "orders")
        case.land()
        expected = [("o1", datetime.fromisoformat(value))] if formats else []
        assert case.rows("id, placed_at", "shop__orders")[:-1] == expected


def test_rows_that_describe_the_columns_again_are_skipped_and_counted(tmp_path: Path) -> None:
    case = case_of(tmp_path, replace(ORDERS, skips_rows=2))
    case.put(
        "a.csv", 'id,placed_at\nOrder,"Time, in UTC"\n"{""ImportId"":""x""}",y\no1,2024-01-01\n', "orders"
    )
    (batch,) = case.land().new
    assert (batch.rows_in, batch.rows_loaded, batch.rows_blank) == (1, 1, 2)
    assert case.rows("id", "shop__orders") == [("o1",)]


@pytest.mark.parametrize(
    ("delivered", "code"),
    [
        ("Computer Software", "COMPUTER_SOFTWARE"),
        ("Paper & Forest Products", "PAPER_FOREST_PRODUCTS"),
        ("COMPUTER_SOFTWARE", "COMPUTER_SOFTWARE"),
        ("Budget Holder; Decision Maker", "BUDGET_HOLDER;DECISION_MAKER"),
        ("Organic Social", "SOCIAL_MEDIA"),
        ("SOCIAL_MEDIA", "SOCIAL_MEDIA"),
    ],
)
def test_labels_of_options_become_the_codes_of_the_api(tmp_path: Path, delivered: str, code: str) -> None:
    words = {"organic_social": "SOCIAL_MEDIA"}
    source = Column("source", "varchar", formats=("option_labels",), words=words)
    case = case_of(tmp_path / "a", replace(ORDERS, columns=(*ORDERS.columns, source)))
    case.put("a.csv", f"id,source\no1,{delivered}\n", "orders")
    case.land()
    assert case.rows("source", "shop__orders") == [(code,)]
    # A mapping reads labels of another language.
    case.put("b.csv", "id,source\no2,Redes sociales\n", "orders")
    case.put("b.mapping.yml", "words: {source: {Redes sociales: SOCIAL_MEDIA}}\n", "orders")
    case.land()
    assert case.rows("source", "shop__orders") == [(code,), ("SOCIAL_MEDIA",)]
