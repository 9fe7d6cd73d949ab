"""Optional objects are used: delivering one has the effects that its description promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from tests.compiled import Landing, Step, compile_models, contracts, run_models

pytestmark = pytest.mark.integration

AS_OF = datetime(2024, 7, 15)  # noqa: DTZ001 - UTC without a zone, as in the models

COMPANY: Landing = {
    "accounts": [{"account_id": "a1", "acquisition_channel": "ads"}],
    "subscription_periods": [
        {
            **{"subscription_id": "s1", "account_id": "a1", "plan_id": "base", "currency": "USD"},
            **{"unit_amount": Decimal(100), "interval": "month", "period_start": "2024-03-01"},
        },
        {
            **{"subscription_id": "s2", "account_id": "cus_1", "plan_id": "base", "currency": "EUR"},
            **{"unit_amount": Decimal(50), "interval": "month", "period_start": "2024-05-01"},
        },
    ],
}
"""Two subscriptions in dollars and euros. Billing has its own key for the account of the second one."""

ANSWER = {"response_id": "r1", "survey_type": "nps", "score": Decimal(9), "sent_at": "2024-04-05"}
RATE = {"currency": "EUR", "rate_on": "2024-04-30", "rate": Decimal("1.1")}
RATES = [RATE, {**RATE, "rate_on": "2024-05-31"}, {**RATE, "rate_on": "2024-06-30"}]
TARGETS = (
    *("dim_accounts", "mrr_monthly", "unit_economics_monthly", "renewals", "fct_survey_responses"),
    *("nps_periods", "fct_mrr_movements", "fct_tickets", "_identity_coverage"),
    *("fct_account_months", "onboarding_cohorts"),
)
Rows = list[dict[str, Any]]


@cache
def steps(policies: tuple[tuple[str, Any], ...]) -> Sequence[Step]:
    return compile_models(dict(policies), TARGETS)


def marts(more: Mapping[str, Sequence[Mapping[str, Any]]], **policies: Any) -> dict[str, Rows]:
    return run_models(steps(tuple(policies.items())), {**COMPANY, **more}, AS_OF, TARGETS)


def one(rows: Rows, column: str, **keys: Any) -> Any:
    """The column of the only row with these keys; None if there is no such row."""
    found = [row[column] for row in rows if all(str(row[name]) == value for name, value in keys.items())]
    assert len(found) <= 1, found
    return found[0] if found else None


def test_contacts_link_answers_to_accounts() -> None:
    answers = [
        {**ANSWER, "respondent_email": " JO@one.example"},
        {**ANSWER, "response_id": "r2", "respondent_id": "c1"},
    ]
    without = marts({"survey_responses": answers})
    contact = {"contact_id": "c1", "account_id": "a1", "email": "jo@one.example"}
    linked = marts({"survey_responses": answers, "contacts": [contact]})
    assert [row["account_id"] for row in without["fct_survey_responses"]] == [None, None]
    assert [row["account_id"] for row in linked["fct_survey_responses"]] == ["a1", "a1"]
    # An address that two accounts share links to neither.
    shared = [contact, {"contact_id": "c2", "account_id": "a2", "email": "Jo@one.example"}]
    ambiguous = marts({"survey_responses": answers, "contacts": shared})["fct_survey_responses"]
    assert one(ambiguous, "account_id", response_id="r1") is None
    assert one(ambiguous, "account_id", response_id="r2") == "a1"


def test_account_keys_link_ids_of_other_systems() -> None:
    answers = [{**ANSWER, "account_id": "cus_1"}]
    contracts = [
        {
            **{"contract_id": "k1", "account_id": "cus_1", "amount": Decimal(1200)},
            **{"starts_on": "2023-03-15", "ends_on": "2024-03-15"},
        }
    ]
    objects = {"survey_responses": answers, "contracts": contracts, "fx_rates": RATES}
    without = marts(objects)
    key = {"source_system": "stripe", "source_key": "cus_1", "account_id": "a1"}
    linked = marts({**objects, "account_keys": [key]})
    assert {row["account_id"]: row["current_mrr"] for row in without["dim_accounts"]} == {
        "a1": Decimal(100),
        "cus_1": Decimal(55),
    }
    assert {row["account_id"]: row["current_mrr"] for row in linked["dim_accounts"]} == {"a1": Decimal(155)}
    for mart in ("fct_survey_responses", "renewals"):
        assert [row["account_id"] for row in without[mart]] == ["cus_1"], mart
        assert [row["account_id"] for row in linked[mart]] == ["a1"], mart
    ambiguous = marts(
        {**objects, "account_keys": [key, {**key, "source_system": "crm2", "account_id": "a9"}]}
    )
    assert [row["account_id"] for row in ambiguous["renewals"]] == ["cus_1"]


def test_plans_describe_the_current_plan_of_an_account() -> None:
    plan = {"plan_id": "base", "plan_name": "Base", "product": "core", "tier": "entry"}
    columns = ("current_plan", "current_plan_name", "current_product", "current_tier")

    def described(rows: Rows) -> tuple[Any, ...]:
        return tuple(one(rows, column, account_id="a1") for column in columns)

    assert described(marts({})["dim_accounts"]) == ("base", None, None, None)
    assert described(marts({"plans": [plan]})["dim_accounts"]) == ("base", "Base", "core", "entry")


def test_invoices_provide_payments_and_refunds() -> None:
    paid = {
        **{"invoice_id": "i1", "account_id": "a1", "subscription_id": "s1", "issued_at": "2024-03-01"},
        **{"paid_at": "2024-04-10", "currency": "USD", "amount": Decimal(100)},
    }
    without = marts({"fx_rates": RATES}, require_first_payment=True)
    assert one(without["dim_accounts"], "first_paid_on", account_id="a1") is None
    told = marts({"fx_rates": RATES, "invoices": [paid]}, require_first_payment=True)
    assert str(one(told["dim_accounts"], "first_paid_on", account_id="a1")) == "2024-04-10"


def test_contracts_create_renewals() -> None:
    contract = {
        **{"contract_id": "k1", "account_id": "a1", "amount": Decimal(1200)},
        **{"starts_on": "2023-03-15", "ends_on": "2024-03-15"},
    }
    assert marts({})["renewals"] == []
    told = marts({"contracts": [{**contract, "renewed_by_contract_id": "k9"}]})["renewals"]
    # The contract that should continue it was not delivered.
    assert [(row["due_amount"], row["renewed_amount"], row["outcome"]) for row in told] == [(1200, 0, "lost")]


def test_acquisition_costs_are_the_cost_of_new_customers() -> None:
    cost = {"month": "2024-03-01", "channel": "ads", "amount": Decimal(300), "currency": "USD"}
    where = {"month": "2024-03-01", "dimension": "acquisition_channel", "dimension_value": "ads"}
    assert one(marts({})["unit_economics_monthly"], "cac", **where) is None
    assert one(marts({"acquisition_costs": [cost]})["unit_economics_monthly"], "cac", **where) == 300


def test_survey_responses_make_the_score() -> None:
    assert marts({})["nps_periods"] == []
    told = marts({"survey_responses": [ANSWER, {**ANSWER, "response_id": "r2", "score": Decimal(2)}]})
    where = {"period_type": "quarter", "weighting": "respondent", "dimension": "all"}
    assert one(told["nps_periods"], "nps", **where) == 0


def test_tickets_belong_to_the_account_of_their_requester() -> None:
    ticket = {"ticket_id": "t1", "created_at": "2024-05-01 09:00:00", "requester_email": "Jo@one.example"}
    contact = {"contact_id": "c1", "account_id": "a1", "email": "jo@one.example"}
    assert marts({})["fct_tickets"] == []
    told = marts(
        {"tickets": [{**ticket, "solved_at": "2024-05-01 09:30:00", "reopens": 0}], "contacts": [contact]}
    )
    assert one(told["fct_tickets"], "account_id") == "a1"
    assert one(told["fct_tickets"], "first_resolution_minutes") == 30
    assert one(told["_identity_coverage"], "matched", object_name="tickets") == 1


def test_ticket_events_are_the_history_of_a_ticket() -> None:
    ticket = {"ticket_id": "t1", "account_id": "cus_1", "created_at": "2024-05-01", "solved_at": "2024-05-09"}
    key = {"source_system": "billing", "source_key": "cus_1", "account_id": "a1"}
    solve = {"event_id": "e1", "ticket_id": "t1", "event_type": "status", "status": "solved"}
    events = [{**solve, "occurred_at": "2024-05-02"}]
    told = marts({"tickets": [ticket], "ticket_events": events, "account_keys": [key]})["fct_tickets"]
    assert one(told, "account_id") == "a1"
    assert one(told, "full_resolution_minutes") == 24 * 60


def test_exchange_rates_value_foreign_periods() -> None:
    where = {"month": "2024-06-01", "dimension": "all"}
    assert one(marts({})["mrr_monthly"], "closing_mrr", **where) == 100
    assert one(marts({"fx_rates": RATES})["mrr_monthly"], "closing_mrr", **where) == 155


def test_a_run_stops_if_most_money_has_no_rate() -> None:
    """A company without rates, or with the wrong reporting currency, gets a message and no release."""
    euros = [{**row, "currency": "EUR"} for row in COMPANY["subscription_periods"]]
    with pytest.raises(AssertionError, match="every_valuation_has_an_exchange_rate"):
        marts({"subscription_periods": euros})


def test_seats_milestones_sales_and_calls_reach_their_account() -> None:
    key = {"source_system": "billing", "source_key": "cus_1", "account_id": "a1"}
    mine = {"account_id": "cus_1"}
    told = marts(
        {
            "account_keys": [key],
            "accounts": [{"account_id": "a1", "created_at": "2024-03-01"}],
            "seats": [{**mine, "effective_on": "2024-04-01", "seats_paid": 7}],
            "milestones": [{**mine, "milestone": "first_value", "reached_at": "2024-03-05"}],
            "opportunities": [
                {**mine, "opportunity_id": "o1", "opportunity_type": "expansion", "created_at": "2024-05-01"}
            ],
            "calls": [{**mine, "call_id": "l1", "held_at": "2024-05-02"}],
        }
    )
    for name in ("seats", "milestones", "opportunities", "calls"):
        assert one(told["_identity_coverage"], "matched", object_name=name) == 1, name
    assert one(told["fct_account_months"], "seats_paid", month="2024-05-01") == 7
    cohort = {"signup_month": "2024-03-01", "dimension": "all"}
    assert one(told["onboarding_cohorts"], "activated_accounts", **cohort) == 1


def test_every_optional_object_has_a_test_here() -> None:
    tried = {
        *("contacts", "account_keys", "plans", "invoices", "contracts", "acquisition_costs"),
        *("survey_responses", "fx_rates", "tickets", "ticket_events"),
        *("seats", "milestones", "opportunities", "calls"),
        # Real files land in tests/reference/test_usage.py.
        "usage_events",
    }
    optional = {
        name
        for (source, name), contract in contracts().items()
        if source == "generic" and not contract.is_required
    }
    assert tried == optional
