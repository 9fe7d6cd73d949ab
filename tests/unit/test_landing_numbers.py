"""The meaning of delivered numbers under the real contracts."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.dbt_runner.landing_contract import Column, LandingObject
from orchestration.landing.reading.binding import bind
from orchestration.landing.reading.mapping import NO_MAPPING
from orchestration.landing.reading.readers import Reading
from orchestration.landing.values.casting import Seen, cast_rows
from orchestration.landing.values.notation import find_numbers
from tests.unit.landing_case import PERIODS, Case, make_generic, session


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_generic(tmp_path)


def _periods(*amounts: str, delimiter: str = "\t") -> str:
    """A file with these prices; fields are quoted like in spreadsheets."""
    rows = [f's{i},a,USD,"{amount}",month,2024-01-01' for i, amount in enumerate(amounts)]
    if delimiter == ",":
        return "\n".join([PERIODS, *rows])
    plain = [
        row.replace(",", delimiter, 3).replace('",', f'"{delimiter}').replace("month,", f"month{delimiter}")
        for row in rows
    ]
    return "\n".join([PERIODS.replace(",", delimiter), *plain])


def _amounts(case: Case) -> list[Decimal]:
    return [row[0] for row in case.rows("unit_amount", "generic__subscription_periods")]


SIGNS = [(".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'")]
NOTHING_SEEN = Seen(frozenset(), frozenset())
NOTATIONS = [
    (["1200.50", "3", ".5", "0.125"], ["1200.50", "3", ".5", "0.125"]),
    (["1,200.50", "3", "2,000,000"], ["1200.50", "3", "2000000"]),
    (["1.200,50", "3", "2.000.000"], ["1200.50", "3", "2000000"]),
    (["1 200,50", "3", "2\u00a0000\u202f000,5"], ["1200.50", "3", "2000000.5"]),
    (["1 200.50", "3", "99.9"], ["1200.50", "3", "99.9"]),
    (["1'200.50", "1’200", "3"], ["1200.50", "1200", "3"]),
    (["1'200,50", "3"], ["1200.50", "3"]),
    (["1200,50", "99,9", "3"], ["1200.50", "99.9", "3"]),
    (["0,500", "3"], ["0.5", "3"]),  # no number begins with a zero before a thousands separator
    (["1,200,000"], ["1200000"]),
    (["1,200", "1,20"], ["1.2", "1.2"]),
    (["1.200", "7,5"], ["1200", "7.5"]),
]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize(("written", "meant"), NOTATIONS)
def test_a_file_is_read_in_the_only_format_that_fits(
    case: Case, written: list[str], meant: list[str], delimiter: str
) -> None:
    batch = case.deliver("subscription_periods", _periods(*written, delimiter=delimiter))
    assert batch.status == "accepted", batch.reason
    assert _amounts(case) == [Decimal(text) for text in meant]


@pytest.mark.parametrize(
    ("amounts", "delimiter"), [(["1,200"], ","), (["1,200", "2,500", "7"], ";"), (["1.200", "2.500"], ";")]
)
def test_ambiguous_numbers_refuse_the_file(case: Case, amounts: list[str], delimiter: str) -> None:
    batch = case.deliver("subscription_periods", _periods(*amounts, delimiter=delimiter))
    assert batch.status == "refused"
    assert batch.reason is not None
    assert batch.reason.startswith("its numbers fit two formats: ")
    for notation in ('`decimal: "."` and `thousands: "', '`decimal: ","` and `thousands: "'):
        assert notation in batch.reason
    (remark,) = [remark for remark in batch.remarks if remark.column]
    assert (remark.column, remark.line, remark.value) == ("unit_amount", 2, amounts[0])
    assert remark.rows == len([amount for amount in amounts if len(amount) > 1])
    assert amounts[0] not in batch.reason


@pytest.mark.parametrize(
    ("mapping", "amount"),
    [
        ('decimal: "."\nthousands: ""\n', "1.2"),
        ('thousands: "."\n', "1200"),
        ('decimal: ","\nthousands: "."\n', "1200"),
    ],
)
def test_a_mapping_chooses_the_number_format(case: Case, mapping: str, amount: str) -> None:
    case.deliver("subscription_periods", _periods("1.200", delimiter=";"), mapping=mapping)
    assert _amounts(case) == [Decimal(amount)]


def test_three_decimals_in_a_comma_file_cause_a_warning(case: Case) -> None:
    batch = case.deliver("subscription_periods", _periods("1.200", "2.500", delimiter=","))
    assert _amounts(case) == [Decimal("1.2"), Decimal("2.5")]
    assert [remark.text for remark in batch.remarks if remark.kind == "told"] == [
        "all numbers with a point have three digits after it: the loader reads 1.200 as 1.2"
    ]
    quiet = case.deliver("subscription_periods", _periods("1.200", "2.55", "0.125", delimiter=","), "b.csv")
    assert not [remark for remark in quiet.remarks if remark.kind == "told"]


def test_numbers_without_a_common_format_are_rejected(case: Case) -> None:
    batch = case.deliver(
        "subscription_periods", _periods("1,200.50", "1.200,50", *["3"] * 400, delimiter=",")
    )
    assert {row[3] for row in case.quarantined(batch)} == {
        "has thousands separators that do not fit the other numbers of the file"
    }
    assert _amounts(case) == [Decimal(3)] * 400


@pytest.mark.parametrize("mapping", ["", 'decimal: ","\nthousands: "."\n'])
def test_typed_numbers_need_no_format_detection(case: Case, tmp_path: Path, mapping: str) -> None:
    """A notation applies only to texts. Other values do not affect a number in JSON or Parquet."""
    common = {"account_id": "a", "currency": "USD", "interval": "month", "period_start": "2024-01-01"}
    lines = [
        {**common, "subscription_id": "s1", "unit_amount": 1.125, "discount_amount": "1.000,5"},
        {**common, "subscription_id": "s2", "unit_amount": 8.25, "discount_amount": "7,5"},
    ]
    case.deliver("subscription_periods", "\n".join(map(json.dumps, lines)), "a.jsonl", mapping=mapping)
    path = tmp_path / "made.parquet"
    duckdb.execute(
        "copy (select 's' || i as subscription_id, 'a' as account_id, 'USD' as currency, "
        "1.125::double as unit_amount, "
        "case i when 3 then '1.000,5' else '7,5' end as discount_amount, 'month' as interval, date "
        "'2024-01-01' as "
        f"period_start from range(3, 5) t(i)) to '{path}' (format parquet)"
    )
    case.deliver("subscription_periods", path.read_bytes(), "a.parquet", mapping=mapping)
    discounts = [Decimal("1000.5"), Decimal("7.5")]
    assert case.rows("unit_amount, discount_amount", "generic__subscription_periods") == list(
        zip(
            [Decimal("1.125"), Decimal("8.25"), Decimal("1.125"), Decimal("1.125")],
            discounts * 2,
            strict=True,
        )
    )


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.decimals(0, 10**9, places=2), min_size=1, max_size=12),
    notation=st.sampled_from(SIGNS),
    places=st.integers(0, 3),
)
def test_a_file_in_one_format_is_read_exactly_or_refused(
    values: list[Decimal], notation: tuple[str, str], places: int
) -> None:
    """The loader reads exactly the written numbers, or it refuses the file."""
    decimal, thousands = notation
    signs = {ord(","): thousands, ord("."): decimal}
    written = [f"{value:,.{places}f}".translate(signs) for value in values]
    column = Column("amount", "decimal(24,8)")
    contract = LandingObject("s", "o", (column,), ("amount",), None, False, "UTC")
    binding, reading = bind(contract, ["amount"]), Reading(("amount",), len(values), delimiter=";")
    connection = session()
    connection.execute("create or replace temp table raw_rows (record bigint, line bigint, c0 varchar)")
    connection.executemany(
        "insert into raw_rows values (?, ?, ?)", [(i, i + 1, text) for i, text in enumerate(written, start=1)]
    )
    numbers = find_numbers(connection, contract, binding, NO_MAPPING, reading, NOTHING_SEEN)
    if numbers.refusal:
        assert "two formats" in numbers.refusal.reason
        return
    query = cast_rows(contract, binding, NO_MAPPING, numbers).query
    found = connection.execute(f"select v0 from ({query}) order by record").fetchall()
    assert found == [(Decimal(f"{value:.{places}f}"),) for value in values]
