"""What delivered values mean, by the real contracts: nothing, numbers, days, placeholders, addresses."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.dbt_runner.landing_contract import Column, LandingObject
from orchestration.dbt_runner.pseudonyms import TEST_KEY, pseudonym
from orchestration.landing import ReadingPolicies
from orchestration.landing.reading.binding import bind
from orchestration.landing.reading.mapping import NO_MAPPING
from orchestration.landing.reading.readers import Reading
from orchestration.landing.relations import MASK
from orchestration.landing.values.casting import Seen, cast_rows
from orchestration.landing.values.notation import find_numbers
from tests.unit.landing_case import Case, make_generic, session

PERIODS = "subscription_id,account_id,currency,unit_amount,interval,period_start"
LOS_ANGELES = ReadingPolicies(timezone="America/Los_Angeles")


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_generic(tmp_path)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --------------------------------------------------------------------------------------------- words for
# nothing
WORDS = ["NULL", "null", "N/A", "n/a", "NaN", "None", "nil", "#N/A", "-", "--", "-----", "—", "undefined",
         " NULL ", "<NA>", "(blank)", r"\N", "#REF!", "?", "."]  # fmt: skip


def test_words_for_nothing_are_nothing_in_every_kind_of_column(case: Case) -> None:
    columns = "response_id,account_id,respondent_id,survey_type,survey_kind,score,scale_max,sent_at,delivered"
    rows = [f"{i},{w},{w},nps,{w},{w},{w},{w},{w}" for i, w in enumerate(WORDS)]
    batch = case.deliver(
        "survey_responses", "\n".join([columns + ",responded_at", *(f"{r},2024-04-05" for r in rows)])
    )
    assert (batch.status, batch.rows_loaded) == ("accepted", len(WORDS))
    empty = "account_id, respondent_id, survey_kind, score, scale_max, sent_at, delivered"
    assert set(case.rows(empty, "generic__survey_responses")) == {(None,) * 7}
    counted = {remark.column: remark.rows for remark in batch.remarks if "word for nothing" in remark.text}
    assert counted == dict.fromkeys(empty.split(", "), len(WORDS))


@pytest.mark.parametrize("word", WORDS)
def test_words_for_nothing_are_no_key(case: Case, word: str) -> None:
    batch = case.deliver("accounts", f"account_id,segment\n{word},x\na1,y\n")
    assert case.quarantined(batch)[0][1:] == ("account_id", word, "is required and empty")
    assert case.rows("account_id", "generic__accounts") == [("a1",)]


def test_words_that_mean_something_stay(case: Case) -> None:
    """Namibia is a country; names and comments are what people write."""
    case.deliver(
        "accounts", "account_id,country,segment,account_name\na1,NA,na,Nil & Sons\na2,na,Nano,None Ltd\n"
    )
    assert case.rows("country, segment, account_name", "generic__accounts") == [
        ("NA", None, "Nil & Sons"),
        ("na", "Nano", "None Ltd"),
    ]
    comments = ["none", "N/A", "-", "None at all"]
    rows = "".join(f"{i},nps,2024-01-01,{comment}\n" for i, comment in enumerate(comments))
    case.deliver("survey_responses", "response_id,survey_type,sent_at,comment\n" + rows)
    assert [row[0] for row in case.rows("comment", "generic__survey_responses")] == comments


# -------------------------------------------------------------------------------------------------------
# numbers
def _periods(*amounts: str, delimiter: str = "\t") -> str:
    """A file with these prices; fields are quoted as spreadsheets do."""
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
    (["0,500", "3"], ["0.5", "3"]),  # nothing begins with a zero before thousands
    (["1,200,000"], ["1200000"]),
    (["1,200", "1,20"], ["1.2", "1.2"]),
    (["1.200", "7,5"], ["1200", "7.5"]),
]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize(("written", "meant"), NOTATIONS)
def test_a_file_is_read_in_the_one_notation_that_fits(
    case: Case, written: list[str], meant: list[str], delimiter: str
) -> None:
    batch = case.deliver("subscription_periods", _periods(*written, delimiter=delimiter))
    assert batch.status == "accepted", batch.reason
    assert _amounts(case) == [Decimal(text) for text in meant]


@pytest.mark.parametrize(
    ("amounts", "delimiter"), [(["1,200"], ","), (["1,200", "2,500", "7"], ";"), (["1.200", "2.500"], ";")]
)
def test_numbers_that_mean_two_things_refuse_the_file(case: Case, amounts: list[str], delimiter: str) -> None:
    batch = case.deliver("subscription_periods", _periods(*amounts, delimiter=delimiter))
    assert batch.status == "refused"
    assert batch.reason is not None
    assert batch.reason.startswith("its numbers can be read in two ways: with ")
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
def test_a_mapping_says_which_reading_is_meant(case: Case, mapping: str, amount: str) -> None:
    case.deliver("subscription_periods", _periods("1.200", delimiter=";"), mapping=mapping)
    assert _amounts(case) == [Decimal(amount)]


def test_three_decimals_are_told_where_a_comma_delimits(case: Case) -> None:
    batch = case.deliver("subscription_periods", _periods("1.200", "2.500", delimiter=","))
    assert _amounts(case) == [Decimal("1.2"), Decimal("2.5")]
    assert [remark.text for remark in batch.remarks if remark.kind == "told"] == [
        "all numbers with a point have three digits after it: 1.200 is read as 1.2"
    ]
    quiet = case.deliver("subscription_periods", _periods("1.200", "2.55", "0.125", delimiter=","), "b.csv")
    assert not [remark for remark in quiet.remarks if remark.kind == "told"]


def test_numbers_of_a_file_that_no_notation_fits_are_rejected(case: Case) -> None:
    batch = case.deliver(
        "subscription_periods", _periods("1,200.50", "1.200,50", *["3"] * 400, delimiter=",")
    )
    assert {row[3] for row in case.quarantined(batch)} == {
        "has signs between thousands that do not fit the other numbers of the file"
    }
    assert _amounts(case) == [Decimal(3)] * 400


@pytest.mark.parametrize("mapping", ["", 'decimal: ","\nthousands: "."\n'])
def test_numbers_that_are_typed_have_one_notation(case: Case, tmp_path: Path, mapping: str) -> None:
    """A notation is about texts. A number of JSON or Parquet is what it is, whatever stands beside it."""
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
def test_a_file_in_one_notation_is_never_read_otherwise(
    values: list[Decimal], notation: tuple[str, str], places: int
) -> None:
    """It reads to what was written, or it is refused."""
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
        assert "two ways" in numbers.refusal.reason
        return
    query = cast_rows(contract, binding, NO_MAPPING, numbers).query
    found = connection.execute(f"select v0 from ({query}) order by record").fetchall()
    assert found == [(Decimal(f"{value:.{places}f}"),) for value in values]


# ---------------------------------------------------------------------------------------------------------
# days
DAYS = [
    # Los Angeles is UTC-8 in winter and UTC-7 in summer.
    ("2024-02-01", "2024-02-01 08:00:00"),
    ("2024-05-01", "2024-05-01 07:00:00"),
    ("2024-03-10", "2024-03-10 08:00:00"),
    ("2024-03-11", "2024-03-11 07:00:00"),
    ("2024-11-03", "2024-11-03 07:00:00"),
    ("2024-11-04", "2024-11-04 08:00:00"),
]


@pytest.mark.parametrize(
    ("ending", "mapping"),
    [
        ("", ""),
        ("", "timezone: Europe/Berlin\n"),
        (" 00:00:00", ""),
        ("T00:00:00.000", ""),
        (" 23:59:59", ""),
    ],
)
def test_a_date_without_a_time_is_a_day_of_the_reporting_time_zone(
    case: Case, ending: str, mapping: str
) -> None:
    """Also where every row of the column has the time at which a day begins, or ends."""
    rows = "".join(f"{i},{text}{ending}\n" for i, (text, _) in enumerate(DAYS))
    case.deliver("accounts", "account_id,created_at\n" + rows, mapping=mapping)
    found = [row[0] for row in case.rows("created_at", "generic__accounts", LOS_ANGELES)]
    assert found == [
        at(text + ending).replace(tzinfo=ZoneInfo("America/Los_Angeles")).astimezone(UTC).replace(tzinfo=None)
        for text, _ in DAYS
    ]
    if not ending:
        assert found == [at(meant) for _, meant in DAYS]
    assert [row[0] for row in case.rows("created_at", "generic__accounts")] == [
        at(text + ending) for text, _ in DAYS
    ]


def test_days_and_instants_of_one_column(case: Case) -> None:
    case.deliver(
        "accounts",
        "account_id,created_at\n1,2024-02-01\n2,2024-02-01T00:00:00Z\n3,2024-02-01 10:00\n4,1706745600\n"
        "5,2024-02-01 00:00:00\n6,2024-02-01T00:00:00-08:00\n",
    )
    assert [row[0] for row in case.rows("created_at", "generic__accounts", LOS_ANGELES)] == [
        at("2024-02-01 08:00:00"),
        at("2024-02-01 00:00:00"),
        at("2024-02-01 10:00:00"),
        at("2024-02-01 00:00:00"),
        # One row has a time of day, so midnight is one, too.
        at("2024-02-01 00:00:00"),
        at("2024-02-01 08:00:00"),
    ]


def test_typed_days_of_parquet(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "made.parquet"
    duckdb.execute(
        "copy (select 'a' as account_id, date '2024-02-01' as created_at, timestamp '2024-02-01' as "
        "updated_at) "
        f"to '{path}' (format parquet)"
    )
    case.deliver("accounts", path.read_bytes(), "a.parquet")
    assert case.rows("created_at, updated_at", "generic__accounts", LOS_ANGELES) == [
        (at("2024-02-01 08:00:00"), at("2024-02-01 08:00:00"))
    ]


FORMATS = [
    ("DD/MM/YYYY", "01/02/2024", "2024-02-01 00:00"),
    ("DD/MM/YYYY", "1/2/2024", "2024-02-01 00:00"),
    ("DD/MM/YYYY", "01/02/2024 13:05", "2024-02-01 13:05"),
    ("DD/MM/YYYY", "2024-02-03", "2024-02-03 00:00"),
    ("DD/MM/YYYY", "01/02/24", None),
    ("DD/MM/YYYY", "31/04/2024", None),
    ("DD/MM/YY", "01/02/24", "2024-02-01 00:00"),
    ("M/d/yyyy", "2/1/2024", "2024-02-01 00:00"),
    ("M/d/yyyy h:mm a", "2/1/2024 1:05 PM", "2024-02-01 13:05"),
    ("M/d/yyyy h:mm a", "2/1/2024", "2024-02-01 00:00"),
    ("MM/DD/YYYY hh:mm AM", "02/01/2024 12:00 AM", "2024-02-01 00:00"),
    ("dd.mm.yyyy HH:mm:ss", "01.02.2024 10:11:12", "2024-02-01 10:11:12"),
    ("DD.MM.YYYY HH:MM", "01.02.2024 10:11", "2024-02-01 10:11"),
    ("DD-MMM-YYYY", "01-Feb-2024", "2024-02-01 00:00"),
    ("DD-MMM-YYYY", "1-Feb-24", None),
    ("D MMMM YYYY", "1 February 2024", "2024-02-01 00:00"),
    ("MMM D, YYYY", "Feb 1, 2024", "2024-02-01 00:00"),
    ("YYYYMMDD", "20240201", "2024-02-01 00:00"),
    ("YYYY/MM/DD", "2024/02/01", "2024-02-01 00:00"),
    ("%d %b %Y", "01 Feb 2024", "2024-02-01 00:00"),
]


@pytest.mark.parametrize(("written", "text", "meant"), FORMATS)
def test_formats_of_a_mapping(case: Case, written: str, text: str, meant: str | None) -> None:
    batch = case.deliver(
        "accounts", f'account_id,created_at\na,"{text}"\nb,\n', mapping=f'dates: "{written}"\n'
    )
    assert case.rows("created_at", "generic__accounts")[0][0] == (at(meant) if meant else None)
    assert batch.rows_quarantined == (meant is None)
    if meant and meant.endswith("00:00") and "AM" not in written:
        found = case.rows("created_at", "generic__accounts", LOS_ANGELES)[0][0]
        assert found == at(meant.replace("00:00", "08:00"))


# -------------------------------------------------------------------------------------------------
# placeholders
SENTINELS = ["1900-01-01", "0001-01-01", "9999-12-31", "0000-00-00", "1970-01-01T00:00:00Z", "1899-12-30",
             "0", "2099-12-31 00:00:00", "1969-12-31T16:00:00-08:00", "2999-12-31 23:59:59"]  # fmt: skip


@pytest.mark.parametrize("text", SENTINELS)
def test_placeholder_dates_are_no_dates(case: Case, text: str) -> None:
    accounts = case.deliver("accounts", f"account_id,created_at\na,{text}\nb,2024-01-01\n")
    assert case.rows("created_at", "generic__accounts") == [(None,), (at("2024-01-01"),)]
    (remark,) = [remark for remark in accounts.remarks if remark.kind == "told"]
    assert (remark.column, remark.rows, remark.line) == ("created_at", 1, 2)
    head = "invoice_id,account_id,currency,amount,issued_at\n"
    invoices = case.deliver("invoices", head + f"1,a,USD,5,{text}\n2,a,USD,5,2024-01-01\n")
    assert case.quarantined(invoices)[0][1:] == ("issued_at", text, "is a placeholder, not a date")


@pytest.mark.parametrize(
    ("others", "meant"),
    [
        (["2023-05-05 10:00", "2023-07-01"], "2023-05-05 00:00"),
        ([], "2022-03-04 00:00"),  # no other period: the first account
    ],
)
def test_service_since_a_placeholder_began_with_business(case: Case, others: list[str], meant: str) -> None:
    case.deliver("accounts", "account_id,created_at\na,2022-03-04\n")
    rows = "".join(f"s{i},a,USD,5,month,{text}\n" for i, text in enumerate(["1900-01-01", *others]))
    batch = case.deliver("subscription_periods", f"{PERIODS}\n{rows}")
    (remark,) = [remark for remark in batch.remarks if remark.kind == "told"]
    assert (remark.rows, remark.line, remark.value) == (1, 2, "1900-01-01")
    assert case.rows("period_start", "generic__subscription_periods")[0] == (at(meant),)
    local = case.rows("period_start", "generic__subscription_periods", LOS_ANGELES)[0][0]
    assert local.date() == at(meant).date()


def test_without_any_date_business_begins_on_the_policy_s_day(case: Case) -> None:
    case.deliver("subscription_periods", f"{PERIODS}\ns,a,USD,5,month,0001-01-01\n")
    policies = ReadingPolicies(first_day="2024-07-01")
    assert case.rows("period_start", "generic__subscription_periods", policies) == [(at("2024-07-01"),)]


# ---------------------------------------------------------------------------------------------------
# addresses
def test_addresses_are_masked_in_texts_and_pseudonyms_in_ids(case: Case) -> None:
    accounts = case.deliver(
        "accounts",
        "account_id,account_name,segment\n"
        "Ann@Solo.example,Solo (ann@solo.example) and bo@two.example,x\na2,@handle,cost @ 5.0\n",
    )
    head = "subscription_id,account_id,currency,unit_amount,interval,period_start\n"
    case.deliver(
        "subscription_periods", head + " ann@solo.example ,ann@solo.example,USD,5,month,2024-01-01\n"
    )
    one = pseudonym("ann@solo.example", TEST_KEY)
    assert case.rows("account_id, account_name, segment", "generic__accounts") == [
        (one, f"Solo ({MASK}) and {MASK}", "x"),
        ("a2", "@handle", "cost @ 5.0"),
    ]
    assert case.rows("subscription_id, account_id", "generic__subscription_periods") == [(one, one)]
    told = {remark.column: remark.text for remark in accounts.remarks if remark.kind == "told"}
    assert told == {
        "account_id": "is an e-mail address; it is published as a pseudonym",
        "account_name": "holds an e-mail address; it is masked in everything that is published",
    }


def test_addresses_of_a_mapping_are_masked(case: Case) -> None:
    case.deliver("accounts", "account_id\na1\n", mapping="fixed: {owner_name: kim@x.example}\n")
    assert case.rows("owner_name", "generic__accounts") == [(MASK,)]


def test_a_date_column_has_no_time_zone(case: Case) -> None:
    case.deliver("fx_rates", "currency,rate_on,rate\nEUR,2024-02-29T00:00:00Z,1.1\n")
    found: list[tuple[Any, ...]] = case.rows("rate_on", "generic__fx_rates", LOS_ANGELES)
    assert found == [(date(2024, 2, 29),)]
