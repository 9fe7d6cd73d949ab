"""The loader sets aside or flags every flaw that the landing contract names. `_data_quality` counts it."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest

from orchestration.core.settings import Settings
from orchestration.refresh import refresh

pytestmark = pytest.mark.integration

FLAWED = """\
subscription_id,account_id,plan_id,currency,quantity,unit_amount,interval,status,price_kind,period_start,period_end,replaces_subscription_id
S-negative-quantity,A-000001,starter,USD,-1,10,month,,,2025-03-01,,
S-currency-shape,A-000001,starter,EURO,1,10,month,,,2025-03-01,,
S-interval,A-000001,starter,USD,1,10,fortnight,,,2025-03-01,,
S-no-start,A-000001,starter,USD,2,600,year,,,,,
S-no-start-2,A-000001,starter,USD,1,50,month,,,soon,,
S-backwards,A-000001,starter,USD,1,25,month,,,2025-03-01,2025-02-01,
S-twice,A-000001,starter,USD,1,30,month,,,2025-03-01,2025-06-01,
S-twice,A-000001,starter,USD,1,40,month,,,2025-05-01,2025-07-01,
S-nobody,A-nobody,starter,USD,3,20,month,,,2025-03-01,,
S-nobody-left,A-nobody,starter,USD,1,20,month,,,2025-03-01,2025-04-01,
S-rates,A-000001,starter,XYZ,1,10,month,,,2025-03-01,,
S-round,A-000001,starter,USD,1,15,month,,,2025-03-01,,S-about
S-about,A-000001,starter,USD,1,15,month,,,2025-03-01,,S-round
S-linked,A-000001,starter,USD,1,5,month,,,2025-03-01,,S-gone
"""

ODD = {
    "contracts": """\
contract_id,account_id,starts_on,ends_on,amount,currency,renewed_by_contract_id
K-dangling,A-000001,2024-03-01,2025-03-01,1200,USD,K-gone
K-backwards,A-000001,2025-03-01,2024-03-01,600,USD,
K-rates,A-000001,2024-03-01,2025-03-01,240,XYZ,
K-nobody,A-nobody-at-all,2024-03-01,2025-03-01,120,USD,
""",
    "survey_responses": """\
response_id,account_id,survey_type,score,scale_max,sent_at
R-eleven,A-000001,nps,11,,2025-03-05
R-five,A-000001,nps,5,5,2025-03-05
R-six,A-000001,csat,6,,2025-03-05
R-nobody,A-nobody-at-all,ces,6,,2025-03-05
""",
    "contacts": """\
contact_id,account_id,email
C-one,A-000001,desk@agency.example
C-two,A-000002,Desk@agency.example
""",
    "account_keys": """\
source_system,source_key,account_id
billing,A-nobody,A-000001
helpdesk,A-nobody,A-000002
helpdesk,H-7,A-gone
""",
    "acquisition_costs": """\
month,channel,amount,currency
2025-03-01,skywriting,500,XYZ
""",
    "tickets": """\
ticket_id,account_id,status,created_at,first_replied_at
T-nobody,A-nobody-at-all,open,2025-03-05,
T-early,A-000001,open,2025-03-05,2025-03-04
T-undated,A-000001,solved,2025-03-05,
""",
    "ticket_events": """\
event_id,ticket_id,event_type,occurred_at,author_kind
E-lost,T-gone,assignment,2025-03-05,agent
E-early,T-early,assignment,2025-03-04,agent
E-mute,T-early,public_comment,2025-03-06,
E-twice,T-early,public_comment,2025-03-07,agent
E-again,T-early,public_comment,2025-03-07,agent
""",
}
"""Files without any row that breaks the contract on its own."""

EXPECTED = {
    # Check, table, detail: status, observed value, MRR.
    ("quarantined_rows", "generic/subscription_periods", "quantity is below 0"): ("warn", 1, None),
    (
        "quarantined_rows",
        "generic/subscription_periods",
        "currency is not a currency code of three letters, such as EUR",
    ): (
        "warn",
        1,
        None,
    ),
    ("quarantined_rows", "generic/subscription_periods", "interval is not one of day, week, month, year"): (
        "warn",
        1,
        None,
    ),
    ("quarantined_rows", "generic/subscription_periods", "period_start is required and empty"): (
        "warn",
        1,
        "100.0000",
    ),
    (
        "quarantined_rows",
        "generic/subscription_periods",
        "period_start is not a date or time",
    ): ("warn", 1, "50.0000"),
    ("refused_files", "generic/subscription_periods", "all"): ("pass", 0, None),
    ("refused_files", "generic/plans", "all"): ("warn", 1, None),
    ("ends_before_it_starts", "subscription_periods", "all"): ("warn", 1, "25.0000"),
    ("overlapping_periods", "subscription_periods", "all"): ("warn", 1, "30.0000"),
    ("account_unknown", "subscription_periods", "all"): ("warn", 2, "60.0000"),
    ("replaced_before_it_starts", "subscription_periods", "all"): ("warn", 2, "30.0000"),
    ("link_to_unknown", "subscription_periods", "all"): ("warn", 1, "5.0000"),
    ("currency_without_rate", "subscription_periods", "XYZ 10.0000"): ("fail", 1, None),
    ("currency_without_rate", "contracts", "XYZ 240.0000"): ("fail", 1, None),
    ("currency_without_rate", "acquisition_costs", "XYZ 500.0000"): ("fail", 1, None),
    ("channel_unknown", "acquisition_costs", "XYZ 500.0000"): ("warn", 1, None),
    ("link_to_unknown", "contracts", "all"): ("warn", 1, "100.0000"),
    ("ends_before_it_starts", "contracts", "all"): ("warn", 1, "50.0000"),
    ("account_unknown", "contracts", "all"): ("warn", 1, "10.0000"),
    ("score_off_scale", "survey_responses", "nps"): ("warn", 2, None),
    ("score_off_scale", "survey_responses", "csat"): ("warn", 1, None),
    ("score_off_scale", "survey_responses", "ces"): ("pass", 0, None),
    ("address_of_several_accounts", "contacts", "all"): ("warn", 1, None),
    ("reading_remarks", "generic/survey_responses", "score is off its scale; the answer does not count"): (
        "warn",
        1,
        None,
    ),
    (
        "reading_remarks",
        "generic/survey_responses",
        "score is off the scale of 0 to 10; the answer does not count",
    ): ("warn", 2, None),
    (
        "reading_remarks",
        "generic/contracts",
        "ends_on ends where it starts, or earlier; the contract counts nowhere",
    ): ("warn", 1, None),
    (
        "reading_remarks",
        "generic/subscription_periods",
        "period_end ends where it starts, or earlier; the period counts nowhere",
    ): ("warn", 1, None),
    ("key_of_several_accounts", "account_keys", "all"): ("warn", 1, "60.0000"),
    ("account_unknown", "account_keys", "all"): ("warn", 1, "0.0000"),
    ("discount_above_price", "subscription_periods", "all"): ("pass", 0, "0.0000"),
    ("account_unknown", "survey_responses", "all"): ("warn", 1, None),
    ("account_unknown", "tickets", "all"): ("warn", 1, None),
    ("reply_before_creation", "tickets", "all"): ("warn", 1, None),
    ("solved_without_date", "tickets", "all"): ("warn", 1, None),
    ("ticket_unknown", "ticket_events", "all"): ("warn", 1, None),
    ("before_creation", "ticket_events", "all"): ("warn", 1, None),
    ("author_unknown", "ticket_events", "all"): ("warn", 1, None),
    ("delivered_twice", "ticket_events", "all"): ("warn", 1, None),
    (
        "reading_remarks",
        "generic/tickets",
        "first_replied_at is before created_at; the reply does not count",
    ): ("warn", 1, None),
    (
        "reading_remarks",
        "generic/ticket_events",
        "author_kind is empty; the comment does not count as a reply",
    ): ("warn", 1, None),
}


def test_flaws_are_counted_with_their_money(
    small_company: Settings, copy_of: Callable[[Settings], Settings]
) -> None:
    settings = copy_of(small_company)
    before = found(settings)
    assert {status for status, _, _ in before.values()} == {"pass"}
    # One-off charges are not recurring revenue. They keep the share of rejected rows below the limit.
    sound = "".join(
        f"S-{n},A-000001,starter,USD,1,5,month,,one_off,2025-03-01,2025-04-01,\n" for n in range(999)
    )
    folder = settings.landing / "generic"
    (folder / "subscription_periods" / "flawed.csv").write_text(FLAWED + sound, encoding="utf-8")
    for name, rows in ODD.items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "odd.csv").write_text(rows, encoding="utf-8")
    (folder / "plans" / "refused.csv").write_text("jane@example.com,Jane\n", encoding="utf-8")
    assert refresh(settings, landing_is_given=False).release_id
    after = found(settings)
    assert {key: after[key] for key in EXPECTED} == EXPECTED
    changed = {key for key in after if after[key] != before.get(key)}
    # There are no other findings, and the message about a file quotes no value.
    assert {key for key in changed if after[key][0] != "pass"} == {
        key for key, (status, _, _) in EXPECTED.items() if status != "pass"
    }
    with duckdb.connect(str(settings.current / "warehouse.duckdb"), read_only=True) as build:
        records = build.execute("select * from raw.landing__files where status = 'refused'").fetchall()
        quarantined = build.execute(
            "select sum(row_count) from raw.landing__rows_set_aside where kind = 'quarantined'"
        ).fetchone()
    assert len(records) == 1
    assert "Jane" not in str(records)
    assert quarantined == (5,)


def found(settings: Settings) -> dict[tuple[str, str, str], tuple[str, int, str | None]]:
    """Status, count and MRR of every check of the current release."""
    with duckdb.connect(str(settings.current / "csw.duckdb"), read_only=True) as marts:
        rows = marts.execute(
            "select check_name, table_name, detail, status, observed, affected_mrr from marts._data_quality"
        ).fetchall()
    return {
        (check, table, detail): (status, observed, None if mrr is None else str(mrr))
        for check, table, detail, status, observed, mrr in rows
    }
