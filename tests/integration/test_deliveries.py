"""Files in the state in which people deliver them, in one real run: the marts and the messages.

Each account is a delivery of its own. The files of an object are in one folder, like several exports.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.settings import Settings, load_settings
from orchestration.refresh import refresh
from orchestration.releases.query import query_current
from tests.shared import made_once, spare_parsing

pytestmark = pytest.mark.integration

PERIODS = "subscription_id,account_id,currency,unit_amount,interval,period_start"
SURVEYS = "response_id,account_id,respondent_id,survey_type,score,sent_at"
CONTRACTS = "contract_id,account_id,starts_on,ends_on,amount,currency,renewed_by_contract_id"

FILES = {
    "accounts/1.csv": """
        account_id,account_name,segment
        last_days,Last Days,smb
        lines,Lines,smb
        deleted,Deleted,NULL
        lost,Lost,smb
        named,ann@solo.example,smb
        ordered,Ordered,smb
        placed,Placed,n/a
        charges,Charges,smb
        meters,Meters,smb
        foreign,Foreign,smb
        answers,Answers,smb
        grains,Grains,smb
        scores,Scores,smb
        tools,Tools,smb
        ,,
        """,
    # A narrower export has no column for segments.
    "accounts/2.csv": """
        account_id,account_name
        last_days,Last Days
        """,
    "accounts/excel.csv": """
        sep=;
        account_id;account_name;Notes;Notes
        Bob@solo.example;Bob;x;y
        """,
    "account_keys/a.csv": """
        source_system,source_key,account_id
        billing,cus_1,ordered
        """,
    "contacts/a.csv": """
        contact_id,account_id,email
        c1,answers,Jo@one.example
        """,
    "plans/a.csv": """
        plan_id,plan_name
        base,Base Plan
        """,
    "subscription_periods/last_days.csv": f"""
        {PERIODS},period_end
        s1,last_days,USD,100,month,2024-01-01,2024-01-31
        s1,last_days,USD,100,month,2024-02-01,2024-02-29
        """,
    "subscription_periods/lines.csv": f"""
        {PERIODS},plan_id
        s2,lines,USD,100,month,2024-01-01,base
        s2,lines,USD,50,month,2024-01-01,seats
        """,
    "subscription_periods/deleted.csv": f"""
        {PERIODS},is_deleted
        s3,deleted,USD,100,month,2024-01-01,true
        """,
    "subscription_periods/service.csv": f"""
        {PERIODS},period_end
        s4,lost,USD,100,month,2023-03-15,2024-03-15
        s5,Bob@solo.example,USD,100,month,2024-01-10,
        s6,placed,USD,100,month,1900-01-01,9999-12-31
        s7,foreign,XXX,100,month,2024-01-10,
        """,
    "subscription_periods/export_9.csv": f"""
        {PERIODS}
        s8,cus_1,USD,90,month,2024-01-01
        """,
    "subscription_periods/export_10.csv": f"""
        {PERIODS}
        s8,cus_1,USD,100,month,2024-01-01
        """,
    "subscription_periods/charges.csv": f"""
        {PERIODS},item_id,price_kind,period_end
        s9,charges,USD,100,month,2024-01-01,i,recurring,
        s9,charges,USD,500,month,2024-01-01,i,one_off,2024-01-02
        s10,meters,USD,50,month,2024-01-01,fee,recurring,
        s10,meters,USD,80,month,2024-02-01,meter,usage,2024-03-01
        s10,meters,USD,30,month,2024-02-15,meter,usage,2024-03-01
        """,
    "subscription_periods/negative.csv": f"""
        {PERIODS}
        s11,charges,USD,100,month,2024-01-01
        s12,charges,USD,-20,month,2024-01-01
        """,
    "contracts/a.csv": f"""
        {CONTRACTS}
        k1,lost,2023-03-15,2024-03-15,1200,USD,k9
        k2,lost,2024-03-15,2023-03-15,1200,USD,
        """,
    "survey_responses/tool_a.csv": f"""
        {SURVEYS},responded_at
        1,tools,p1,nps,10,2024-04-05,2024-04-06
        2,tools,p2,nps,9,2024-04-05,2024-04-06
        """,
    "survey_responses/tool_b.csv": f"""
        {SURVEYS},responded_at
        1,tools,p3,nps,2,2024-05-05,2024-05-06
        2,tools,p4,nps,3,2024-05-05,2024-05-06
        """,
    "survey_responses/months.csv": f"""
        {SURVEYS}
        g1,grains,p9,nps,9,2024-04-10
        g2,grains,p9,nps,3,2024-05-10
        g3,grains,p9,nps,9,2024-06-10
        """,
    "survey_responses/by_address.csv": """
        response_id,respondent_email,survey_type,score,sent_at
        b1,jo@one.example,nps,2,2024-04-05
        """,
    "survey_responses/words.csv": f"""
        {SURVEYS}
        w1,scores,NULL,nps,9,2024-04-05
        w2,scores,NULL,nps,9,2024-04-05
        w3,scores,N/A,nps,10,2024-04-05
        w4,scores,-,nps,3,2024-04-05
        w5,scores,p5,nps,nan,2024-04-05
        w6,scores,p6,nps,11,2024-04-05
        """,
    "survey_responses/undated.csv": """
        response_id,account_id,survey_type,score
        u1,scores,nps,9
        """,
}  # fmt: skip


@pytest.fixture(scope="module")
def home() -> Settings:
    def run(folder: Path) -> Settings:
        settings = spare_parsing(load_settings(home=folder, as_of="2024-07-15", environment={}))
        for name, text in FILES.items():
            path = settings.landing / "generic" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(line.strip() for line in text.strip().splitlines()) + "\n")
        outcome = refresh(settings, landing_is_given=False)
        assert outcome.release_id, outcome.message
        return settings

    return made_once("deliveries", run)


def ask(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in query_current(settings, sql).rows]


def mrr(settings: Settings, account: str) -> dict[str, Decimal]:
    rows = ask(
        settings,
        f"select strftime(month, '%m'), closing_mrr from fct_account_months where account_id = '{account}'",
    )
    return {month: closing.normalize() for month, closing in rows}


def test_inclusive_ends_cause_no_churn(home: Settings) -> None:
    assert {month: value for month, value in mrr(home, "last_days").items() if value} == {
        "01": 100,
        "02": 100,
    }
    churn = "select occurred_on::varchar, mrr_change from fct_mrr_movements where movement_type = 'churn'"
    assert ask(home, f"{churn} and account_id = 'last_days'") == [("2024-03-01", Decimal("-100.0000"))]


def test_missing_columns_keep_values_and_empty_words_are_null(home: Settings) -> None:
    found = dict(ask(home, "select account_id, segment from dim_accounts"))
    assert found["last_days"] == "smb"
    assert found["deleted"] is None
    assert found["placed"] is None
    assert ask(home, "select 1 from mrr_monthly where lower(dimension_value) in ('null', 'n/a')") == []


def test_lines_charges_and_usage_are_separate_items(home: Settings) -> None:
    assert mrr(home, "lines")["06"] == 150
    assert set(mrr(home, "charges").values()) == {Decimal(100)}
    usage = (
        "select usage_mrr from fct_account_months where account_id = 'meters' and month = date '2024-02-01'"
    )
    assert ask(home, usage) == [(Decimal("110.0000"),)]


def test_the_later_file_and_the_linked_account_count(home: Settings) -> None:
    assert mrr(home, "ordered")["06"] == 100
    assert ask(home, "select current_plan_name from dim_accounts where account_id = 'lines'") == [
        ("Base Plan",)
    ]


def test_periods_without_end_or_with_placeholder_start_add_no_history(home: Settings) -> None:
    assert not any(mrr(home, "deleted").values())
    assert ask(home, "select min(month)::varchar from dim_months") == [("2023-03-01",)]
    assert mrr(home, "placed")["07"] == 100


def test_a_link_to_an_undelivered_contract_is_no_renewal(home: Settings) -> None:
    assert ask(home, "select outcome from renewals where contract_id = 'k1'") == [("lost",)]
    rate = (
        "select gross_renewal_rate from renewals_quarterly"
        " where dimension = 'all' and quarter = date '2024-01-01'"
    )
    assert ask(home, rate) == [(0.0,)]


def test_each_answer_counts_at_its_own_grain(home: Settings) -> None:
    by_account = (
        "select account_id, count(*), sum(case nps_category when 'promoter' then 1"
        " when 'detractor' then -1 else 0 end) from fct_survey_responses where is_counted"
        " group by 1 order by 1"
    )
    assert ask(home, by_account) == [("answers", 1, -1), ("grains", 1, 1), ("scores", 4, 2), ("tools", 4, 0)]
    months = (
        "select strftime(period_start, '%m'), responses from nps_periods where period_type = 'month'"
        " and survey_kind = 'relational' and weighting = 'respondent' and dimension = 'all' order by 1"
    )
    assert ask(home, months) == [("04", 8), ("05", 3), ("06", 1)]
    assert ask(home, "select 1 from nps_periods where not nps between nps_ci_low and nps_ci_high") == []


def test_no_address_is_published(home: Settings) -> None:
    found = dict(ask(home, "select account_id, account_name from dim_accounts"))
    assert found["named"] == "[e-mail address]"
    [pseudonym] = [name for name, known in found.items() if known == "Bob"]
    assert "@" not in pseudonym
    assert mrr(home, pseudonym)["06"] == 100


@pytest.mark.parametrize(
    ("check", "table", "detail", "observed", "affected_mrr"),
    [
        ("refused_files", "generic/subscription_periods", "all", 1, None),
        ("refused_files", "generic/survey_responses", "all", 1, None),
        ("score_off_scale", "survey_responses", "nps", 1, None),
        ("ends_before_it_starts", "contracts", "all", 1, None),
        ("currency_without_rate", "subscription_periods", "XXX 100.0000", 1, None),
        ("deleted_without_date", "subscription_periods", "all", 1, 100),
        ("delivered_rows", "generic/accounts", "blank", 1, None),
        ("delivered_rows", "generic/subscription_periods", "superseded", 1, None),
    ],
)
def test_data_quality_lists_rows_that_do_not_count(
    home: Settings, check: str, table: str, detail: str, observed: int, affected_mrr: int | None
) -> None:
    rows = ask(
        home,
        "select detail, observed, affected_mrr from _data_quality"
        f" where check_name = '{check}' and table_name = '{table}'",
    )
    found = {row[0]: row[1:] for row in rows}
    assert found.get(detail, (None,))[0] == observed, rows
    if affected_mrr is not None:
        assert found[detail][1] == affected_mrr


def test_every_delivered_row_is_accounted_for(home: Settings) -> None:
    counted = dict(
        ask(
            home,
            "select table_name, sum(observed) from _data_quality where check_name = 'delivered_rows'"
            " and detail <> 'blank' group by 1",
        )
    )
    lines = {
        name.partition("/")[0]: sum(
            len([line for line in text.strip().splitlines() if line.strip(" ,;") and "sep=" not in line]) - 1
            for other, text in FILES.items()
            if other.partition("/")[0] == name.partition("/")[0]
        )
        for name in FILES
    }
    assert {f"generic/{name}": rows for name, rows in lines.items()} == counted
