"""The meaning of delivered words under the real contracts: null, or an address."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.dbt_runner.pseudonyms import MASK, TEST_KEY, pseudonym
from tests.unit.landing_case import Case, make_generic


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_generic(tmp_path)


WORDS = ["NULL", "null", "N/A", "n/a", "NaN", "None", "nil", "#N/A", "-", "--", "-----", "—", "undefined",
         " NULL ", "<NA>", "(blank)", r"\N", "#REF!", "?", "."]  # fmt: skip


def test_words_for_an_empty_cell_are_null_in_every_type(case: Case) -> None:
    columns = "response_id,account_id,respondent_id,survey_type,survey_kind,score,scale_max,sent_at,delivered"
    rows = [f"{i},{w},{w},nps,{w},{w},{w},{w},{w}" for i, w in enumerate(WORDS)]
    batch = case.deliver(
        "survey_responses", "\n".join([columns + ",responded_at", *(f"{r},2024-04-05" for r in rows)])
    )
    assert (batch.status, batch.rows_loaded) == ("accepted", len(WORDS))
    empty = "account_id, respondent_id, survey_kind, score, scale_max, sent_at, delivered"
    assert set(case.rows(empty, "generic__survey_responses")) == {(None,) * 7}
    counted = {
        remark.column: remark.rows for remark in batch.remarks if "word for an empty cell" in remark.text
    }
    assert counted == dict.fromkeys(empty.split(", "), len(WORDS))


@pytest.mark.parametrize("word", WORDS)
def test_words_for_an_empty_cell_are_not_a_key(case: Case, word: str) -> None:
    batch = case.deliver("accounts", f"account_id,segment\n{word},x\na1,y\n")
    assert case.quarantined(batch)[0][1:] == ("account_id", word, "is required and empty")
    assert case.rows("account_id", "generic__accounts") == [("a1",)]


def test_words_listed_in_keeps_remain_values(case: Case) -> None:
    """NA is the country Namibia, and people may write any name or comment."""
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


def test_addresses_are_masked_in_texts_and_hashed_in_ids(case: Case) -> None:
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
        "account_id": "is an e-mail address; the marts show a pseudonym instead",
        "account_name": "contains an e-mail address; the marts show a mask instead",
    }


def test_addresses_of_a_mapping_are_masked(case: Case) -> None:
    case.deliver("accounts", "account_id\na1\n", mapping="fixed: {owner_name: kim@x.example}\n")
    assert case.rows("owner_name", "generic__accounts") == [(MASK,)]
