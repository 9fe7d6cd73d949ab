"""Files in the formats of other teams: mappings, the structure of spreadsheets, all reasons at once."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import duckdb
import pytest

from orchestration.core.console import PRIVATE
from orchestration.landing.reading.refusal import Remark
from tests.unit.landing_case import Case, make_generic

PERIODS = "subscription_id,account_id,currency,unit_amount,interval,period_start"


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_generic(tmp_path)


EXPORT = """Sub;Customer;Fee;Cycle;From;Until;Kind
S1;C1;"1.200,50";Monthly;01/02/2024;29/02/2024;abo
S2;C2;7;Annual;03/02/2024;02/02/2025;
"""
MAPPING = """
columns: {Sub: subscription_id, customer: account_id, Fee: unit_amount, Cycle: interval, From: period_start,
          Until: period_end, Kind: price_kind}
fixed: {currency: EUR, status: active, price_kind: usage}
words: {interval: {Monthly: month, annual: year}, price_kind: {Abo: recurring}}
dates: DD/MM/YYYY
decimal: ","
thousands: "."
ends: inclusive
timezone: Europe/Berlin
"""


def test_a_mapping_makes_any_export_load(case: Case) -> None:
    batch = case.deliver("subscription_periods", EXPORT, mapping=MAPPING)
    assert (batch.status, batch.rows_loaded) == ("accepted", 2)
    found = case.rows(
        "subscription_id, account_id, unit_amount::double, interval, currency, status, price_kind, "
        "cast(period_start as varchar), cast(period_end as varchar)",
        "generic__subscription_periods",
    )
    assert found == [
        (
            "S1",
            "C1",
            1200.5,
            "month",
            "EUR",
            "active",
            "recurring",
            "2024-02-01 00:00:00",
            "2024-03-01 00:00:00",
        ),
        ("S2", "C2", 7.0, "year", "EUR", "active", "usage", "2024-02-03 00:00:00", "2025-02-03 00:00:00"),
    ]


def test_a_mapped_column_overrides_a_column_with_the_contract_name(case: Case) -> None:
    case.deliver(
        "accounts", "ref,account_id,account_name\nA1,internal,One\n", mapping="columns: {ref: account_id}\n"
    )
    assert case.rows("account_id, _extra", "generic__accounts") == [
        ("A1", '{"account_id_as_delivered":"internal"}')
    ]


def test_values_of_a_mapping_stay_text(case: Case) -> None:
    """YAML itself would read NO as false, and 007 as 7."""
    case.deliver(
        "accounts",
        "account_id,is_internal\na,nein\nb,ja\nc,on\n",
        mapping="fixed: {country: NO, segment: 007, industry: null}\n"
        "words: {is_internal: {nein: no, ja: yes, on: null}}\n",
    )
    assert case.rows("country, segment, industry, is_internal", "generic__accounts") == [
        ("NO", "007", None, False),
        ("NO", "007", None, True),
        ("NO", "007", None, None),
    ]


def test_formats_of_single_columns(case: Case) -> None:
    case.deliver(
        "accounts",
        "account_id,created_at,updated_at\na,02/01/2024,02/01/2024\n",
        mapping='dates: {created_at: MM/DD/YYYY, "*": DD/MM/YYYY}\n',
    )
    found = case.rows("cast(created_at as varchar), cast(updated_at as varchar)", "generic__accounts")
    assert found == [("2024-02-01 00:00:00", "2024-01-02 00:00:00")]


WRONG = {
    "column: {a: b}": "mapping.yml has the unknown key 'column'; the closest name is columns",
    "zebra: 1": "mapping.yml has the unknown key 'zebra'; the keys are columns, fixed, words, dates",
    "- a": "mapping.yml must contain keys such as columns, fixed and dates",
    "columns: {a: [": "mapping.yml is not YAML (",
    "columns: {A: segmnt}": "mapping.yml columns: accounts has no column 'segmnt'; "
    "the closest name is segment",
    "columns: {A: zebra}": "mapping.yml columns: accounts has no column 'zebra'; its columns are acc",
    "columns: [a]": "mapping.yml columns must be pairs such as {name: value}",
    "columns: {A: account_id, B: account_id}": "mapping.yml maps two columns of the file to account_id",
    "columns: {Z: account_id}": "mapping.yml reads account_id from the column 'Z', which the file lacks",
    "fixed: {segmnt: smb}": "mapping.yml fixed: accounts has no column 'segmnt'; the closest name is segment",
    "words: {segment: smb}": "mapping.yml words.segment must be pairs such as {Monthly: month}",
    "dates: {created: DD/MM/YYYY}": "mapping.yml dates: accounts has no column 'created'; "
    "the closest name is created_at",
    "dates: DD/MM": "mapping.yml dates: 'DD/MM' is not a format such as DD/MM/YYYY or MM/DD/YYYY",
    "dates: tomorrow": "mapping.yml dates: 'tomorrow' is not a format such as DD/MM/YYYY or MM/DD/YYYY",
    "decimal: x": "mapping.yml decimal: 'x' is not one of '.', ','",
    "thousands: x": "mapping.yml thousands: 'x' is not one of '', ',', '.', ' ', \"'\"",
    "ends: last": "mapping.yml ends: 'last' is not one of 'inclusive', 'exclusive'",
    "timezone: Mars": "mapping.yml timezone: 'Mars' is not a time zone such as Europe/Berlin",
}


@pytest.mark.parametrize("mapping", WRONG)
def test_an_invalid_mapping_is_explained(case: Case, mapping: str) -> None:
    batch = case.deliver("accounts", "account_id,A,B\na,x,y\n", mapping=mapping)
    assert batch.status == "refused"
    assert batch.reason is not None
    assert batch.reason.startswith(WRONG[mapping])


def test_words_of_a_mapping_must_be_of_the_contract(case: Case) -> None:
    batch = case.deliver("subscription_periods", f"{PERIODS}\n", mapping="words: {interval: {M: monthly}}\n")
    assert str(batch.reason).startswith(
        "mapping.yml words.interval: 'monthly' is not one of day, week, month, year; "
        "the closest name is month"
    )


def test_a_changed_mapping_retries_the_file_and_its_own_mapping_has_priority(case: Case) -> None:
    refused = case.deliver(
        "accounts", "Ref;Title\na1;One\n", "crm.csv", mapping="columns: {Ref: account_nam}\n"
    )
    assert refused.status == "refused"
    folder = case.settings.landing / "generic" / "accounts"
    (folder / "mapping.yml").write_text("columns: {Ref: account_id}\n")
    (again,) = case.land().new
    assert (again.status, again.batch_id != refused.batch_id) == ("accepted", True)
    assert case.land().new == ()
    (folder / "erp.mapping.yml").write_text("columns: {Ref: account_id, Title: account_name}\n")
    (folder / "erp.csv").write_text("Ref;Title\na2;Two\n")
    case.land()
    assert case.rows("account_id, account_name", "generic__accounts") == [("a1", None), ("a2", "Two")]


# --------------------------------------------------------------------------- the structure of spreadsheets
ROWS = [("a1", "One"), ("a2", "Two")]
STRUCTURES = {
    "as it should be": "account_id,account_name\na1,One\na2,Two\n",
    "sep": "sep=;\naccount_id;account_name\na1;One\na2;Two\n",
    "sep, quoted, CRLF, BOM": '\ufeff"sep=;"\r\naccount_id;account_name\r\na1;One\r\na2;Two\r\n',
    "sep of tabs": "sep=\t\naccount_id\taccount_name\na1\tOne\na2\tTwo\n",
    "titles": "Accounts\nas of 2024-01-01\n\nAccount ID,Account name\na1,One\na2,Two\n",
    "titles with delimiters": "Accounts,,\n,,\nAccount ID,Account name,Owner\na1,One,\na2,Two,\n",
    "delimiter ends rows": "account_id,account_name\na1,One,\na2,Two,\n",
    "delimiter ends rows, blank lines": "account_id,account_name\n\na1,One,,\n\na2,Two,,\n",
    "delimiter ends the header": "account_id,account_name,\na1,One\na2,Two\n",
    "delimiter ends all": "account_id,account_name,\na1,One,\na2,Two,\n",
    "columns of one name": "account_id,Notes,account_name,Notes\na1,x,One,y\na2,,Two,\n",
    "the header once more": 'account_id,account_name\na1,One\naccount_id,"account_name"\na2,Two\n',
    "formulas": 'account_id,account_name\n="a1",One\n"=""a2""",Two\n',
    "a printed rule": "account_id|account_name\n----------|------------\na1|One\na2|Two\n",
    "CR": "account_id,account_name\ra1,One\ra2,Two\r",
    "blanks": "account_id , account_name\n a1\t,One\n\u00a0a2,Two\n",
}  # fmt: skip


@pytest.mark.parametrize("name", STRUCTURES)
def test_harmless_structure_is_read(case: Case, name: str) -> None:
    batch = case.deliver("accounts", STRUCTURES[name])
    assert (batch.status, batch.rows_in) == ("accepted", 2), batch.reason
    assert case.rows("account_id, account_name", "generic__accounts") == ROWS


@pytest.mark.parametrize("file", ["a.csv", "b.csv", "a.jsonl", "a.parquet"])
def test_blank_records_are_skipped_and_counted(case: Case, file: str, tmp_path: Path) -> None:
    contents = {
        "a.csv": "account_id,account_name\na1,One\n,\nNULL,N/A\n  , \na2,Two\n",
        "b.csv": 'account_id,account_name\na1,One\n,\n"","\u00a0"\n-,-\na2,"Two"\n',
        "a.jsonl": '{"account_id":"a1","account_name":"One"}\n{}\n{"account_id":null}\n{"account_name":" "}\n'
        '{"account_id":"a2","account_name":"Two"}\n',
    }
    path = tmp_path / "made.parquet"
    duckdb.execute(
        "copy (from (values ('a1', 'One'), (null, null), ('', ' '), (null, 'NaN'), ('a2', 'Two')) "
        f"t(account_id, account_name)) to '{path}' (format parquet)"
    )
    batch = case.deliver("accounts", contents.get(file, path.read_bytes()), file)
    assert (batch.rows_in, batch.rows_loaded, batch.rows_blank) == (2, 2, 3)
    assert case.rows("account_id, account_name", "generic__accounts") == ROWS


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "Title\n", "sep=,\n"])
def test_mistakes_are_reported_with_their_line(case: Case, end: str, start: str) -> None:
    rows = 's1,a,USD,5,month,2024-01-01,"two\nlines"\n\n,,,,,,\ns2,a,USD,x,month,2024-01-01,p\n'
    content = f"{start}{PERIODS},plan_id\n{rows}"
    batch = case.deliver("subscription_periods", content.replace("\n", end))
    (wrong,) = [remark for remark in batch.remarks if remark.kind == "wrong"]
    assert (wrong.line, wrong.value) == (6 + start.count("\n"), "x")


def test_a_file_without_a_header_is_refused_without_showing_values(case: Case) -> None:
    batch = case.deliver("accounts", "a1,One Ltd,jo@one.example\na2,Two Ltd,bo@two.example\n")
    assert batch.reason == (
        "not an export of accounts: the first line contains values, not column names. Add a header above "
        "it, such as account_id,account_name,domain"
    )


# ---------------------------------------------------------------------------------------- reasons, privacy
MISTAKES = """s1,a,USD,"99,90",month,2024-01-01,cancelled
s2,a,USD,8.333333333333334,Monthly,2024-01-01,
s3,a,dollars,5,month,31.12.2023,canceled
s4,,USD,7,monthly,2024-01-01,
"""


def test_all_reasons_are_reported_at_once(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="csw"):
        batch = case.deliver("subscription_periods", f"{PERIODS},status\n{MISTAKES}")
    assert batch.status == "refused"
    assert [(one.column, one.rows, one.line, one.value, one.text, one.advice) for one in batch.remarks] == [
        ("interval", 2, 3, "Monthly", "is not one of day, week, month, year",
         "Write month, or map the word in mapping.yml."),
        ("unit_amount", 1, 2, "99,90", "has a comma instead of a decimal point",
         'Write 99.90 for 99,90, or set `decimal: ","` in mapping.yml.'),
        ("status", 1, 2, "cancelled", "is not one of trialing, active, past_due, unpaid, paused, incomplete",
         "Leave status empty and give period_end."),
        ("unit_amount", 1, 3, "8.333333333333334", "has more than 8 decimals", "Round it to 8 decimals."),
        ("currency", 1, 4, "dollars", "is not a currency code of three letters, such as EUR", ""),
        ("status", 1, 4, "canceled", "is not one of trialing, active, past_due, unpaid, paused, incomplete",
         "Leave status empty and give period_end."),
        ("period_start", 1, 4, "31.12.2023", "does not start with the year",
         "Write 2024-05-31 for 31 May 2024, or set the format in mapping.yml, such as "
         "`dates: DD/MM/YYYY`."),
        ("account_id", 1, 5, None, "is required and empty", ""),
    ]  # fmt: skip
    assert len(case.quarantined(batch)) == 4
    record = case.settings.raw / "generic" / "subscription_periods" / f"{batch.batch_id}.json"
    values = ["8.333333333333334", "dollars", "31.12.2023", "Monthly"]
    for text in [record.read_text(), *caplog.messages]:
        assert not any(value in text for value in values)
    private = " ".join(str(getattr(entry, PRIVATE, "")) for entry in caplog.records)
    assert all(value in private for value in values)
    facts = json.loads(record.read_text())["remarks"]
    assert [one.get("line") for one in facts] == [remark.line for remark in batch.remarks]


def test_unread_columns_cause_a_warning(case: Case) -> None:
    batch = case.deliver(
        "subscription_periods", f"{PERIODS},end_date,Colour\ns,a,USD,5,month,2024-01-01,2024-03-01,red\n"
    )
    assert [remark for remark in batch.remarks if remark.kind == "told"] == [
        Remark(
            "told",
            None,
            "'end_date' is not a column of subscription_periods, and period_end is missing, so it stays "
            "empty and no period ever ends",
            "If 'end_date' means period_end, rename it or map it in mapping.yml.",
        )
    ]
    assert Remark("note", None, "outside the contract, kept in _extra: colour") in batch.remarks


def test_required_columns_are_proposed(case: Case) -> None:
    batch = case.deliver(
        "subscription_periods", "id,customer,currency,price,interval,start_date\ns,a,USD,5,month,2024-01-01\n"
    )
    reason = str(batch.reason)
    assert reason.startswith(
        "required columns subscription_id, account_id, unit_amount, period_start missing"
    )
    for hint in ("'id' may be subscription_id", "'customer' may be account_id", "'price' may be unit_amount"):
        assert hint in reason


def test_one_negative_price_refuses_the_file_and_is_kept_with_its_reason(case: Case) -> None:
    rows = "".join(f"s{i},a,USD,100,month,2024-01-01\n" for i in range(200))
    batch = case.deliver("subscription_periods", f"{PERIODS}\n{rows}x,a,USD,-20,month,2024-01-01\n")
    assert (batch.status, batch.rows_refused) == ("refused", 201)
    assert str(batch.reason).startswith(
        "unit_amount is below 0 (1 row, in line 202). A discount cannot be a separate line"
    )
    assert case.quarantined(batch) == [(201, "unit_amount", "-20", "is below 0")]


def test_only_an_answer_without_any_date_is_quarantined(case: Case) -> None:
    rows = "1,a,nps,9,\n2,a,nps,9,soon\n3,a,nps,11,2024-04-05\n4,a,nps,9,2024-04-05\n"
    batch = case.deliver("survey_responses", f"response_id,account_id,survey_type,score,sent_at\n{rows}")
    assert case.quarantined(batch) == [
        (1, "sent_at", None, "is empty, and responded_at and updated_at are empty too"),
        (2, "sent_at", "soon", "is not a date or time"),
    ]
    told = [(remark.column, remark.rows, remark.line) for remark in batch.remarks if remark.kind == "told"]
    assert told == [("score", 1, 4)]
