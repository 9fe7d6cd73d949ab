"""Health, alerts, back-test and churned accounts equal those of plain Python; the future changes no score."""

from __future__ import annotations

import random
import statistics
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import duckdb
import pytest

from tests.compiled import Step, compile_models, create_raw_tables, models_on
from tests.reference.health import Health
from tests.reference.health_company import START, ZONE, Company, random_company
from tests.reference.usage import Row, monday

pytestmark = pytest.mark.integration

TARGETS = (
    *("int_health__weeks", "fct_account_health", "fct_health_measures", "cs_alerts", "health_backtest"),
    *("churned_accounts", "fct_account_months", "account_360", "qbr_pack"),
)
MEASURES = (
    *("nps", "csat", "tickets", "ticket_trouble", "usage_trend", "seat_utilisation", "inactive_days"),
    *("decision_maker_weeks", "late_milestones", "past_due"),
)


@cache
def steps() -> tuple[Step, ...]:
    return compile_models({"reporting_timezone": ZONE}, TARGETS)


def built(company: Company) -> dict[str, list[Row]]:
    world = company.world
    landing = {
        "accounts": world.accounts,
        "subscription_periods": [
            {**row, "currency": "USD", "unit_amount": Decimal(70), "interval": "month"}
            for row in world.periods
        ],
        "contacts": world.contacts,
        "seats": [{key: value for key, value in row.items() if key != "account"} for row in world.seats],
        **{"milestones": world.milestones, "survey_responses": company.answers, "tickets": company.tickets},
        **{"ticket_events": company.events, "contracts": company.contracts},
        "opportunities": company.opportunities,
    }

    def sources(connection: duckdb.DuckDBPyConnection) -> None:
        create_raw_tables(connection, landing)
        connection.executemany(
            "insert into raw.usage__session_parts by name select 'generic' as source_system, ? as account_id,"
            " ? as user_id, ?::date as occurred_on, ?::timestamp as started_at, started_at as ended_at,"
            " 1 as events, 'b' as _batch_id, ?::timestamp as _loaded_at",
            [
                (row["account_id"], row["user_id"], world.day(row["occurred_at"]), row["occurred_at"], START)
                for row in world.delivered
            ],
        )

    relations = {step.name: step.relation for step in steps()}
    with models_on(sources, steps(), world.as_of, seeds=company.seeds) as connection:
        found = {}
        for name in TARGETS:
            result = connection.execute(f"from {relations[name]}")
            columns = [column[0] for column in result.description]
            found[name] = [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
        return found


@pytest.fixture(scope="module")
def company() -> Company:
    return random_company(random.Random(5))


@pytest.fixture(scope="module")
def marts(company: Company) -> dict[str, list[Row]]:
    return built(company)


@pytest.fixture(scope="module")
def health(company: Company) -> Health:
    return Health(company)


def test_measures_of_every_week_equal_those_of_plain_python(
    marts: dict[str, list[Row]], health: Health
) -> None:
    for row in marts["int_health__weeks"]:
        expected = health.weeks[row["account_id"], monday(row["week_end_on"])]
        for measure in MEASURES:
            value = expected[measure]
            wanted = None if value is None else pytest.approx(value)
            assert row[measure] == wanted, (row["account_id"], row["week_end_on"], measure)


def test_scores_bands_and_signals_equal_those_of_plain_python(
    marts: dict[str, list[Row]], health: Health
) -> None:
    found = {(row["account_id"], row["week"]): row for row in marts["fct_account_health"]}
    assert found.keys() == health.weeks.keys()
    for key, expected in health.weeks.items():
        row = found[key]
        assert row["measures_present"] == expected["measures_present"], key
        for column in ("health_score", "trend_30d"):
            assert (row[column] is None) == (expected[column] is None), (key, column)
            assert row[column] is None or abs(float(row[column]) - expected[column]) < 0.00021, (key, column)
        for column in ("health_band", "risk_signals", "expansion_signals"):
            assert row[column] == expected[column], (key, column)
    seen = {row["health_band"] for row in marts["fct_account_health"]}
    assert seen >= {"red", "yellow", "green"}
    lists = [row[f"{kind}_signals"] for row in found.values() for kind in ("risk", "expansion")]
    shown = {name for text in lists if text for name in text.split(", ")}
    assert shown == set(health.thresholds), "the company lacks a signal"


def test_measures_explain_the_score(marts: dict[str, list[Row]], health: Health) -> None:
    for row in marts["fct_health_measures"]:
        value = health.weeks[row["account_id"], row["week"]][row["measure"]]
        assert row["raw_value"] == (None if value is None else pytest.approx(value)), row
    weeks = {row["week"] for row in marts["fct_health_measures"]}
    assert min(weeks) == monday(health.world.today) - timedelta(weeks=12)


def test_alerts_are_the_signals_of_the_last_week(marts: dict[str, list[Row]], health: Health) -> None:
    found = {(row["account_id"], row["signal"]): row["since"] for row in marts["cs_alerts"]}
    assert found == health.alerts()
    assert all(row["evidence"] and row["mrr_at_stake"] == 70 for row in marts["cs_alerts"])


def test_back_test_compares_flags_with_what_came_after(marts: dict[str, list[Row]], health: Health) -> None:
    totals: dict[tuple[int, str], list[int]] = {}
    rows = {
        (row["period_type"], row["period_start"], row["horizon_days"], row["rule_name"]): row
        for row in marts["health_backtest"]
    }
    columns = ("scored_accounts", "flagged_accounts", "churned_accounts", "true_positives")
    for (kind, month, horizon, rule), row in rows.items():
        if kind == "all":
            continue
        figures = health.backtest(month, horizon, rule)
        shown = figures if row["is_complete"] else (*figures[:2], None, None)
        assert tuple(row[column] for column in columns) == shown, (month, horizon, rule)
        if row["is_complete"]:
            so_far = totals.setdefault((horizon, rule), [0, 0, 0, 0])
            totals[horizon, rule] = [one + other for one, other in zip(so_far, figures, strict=True)]
    for (kind, _, horizon, rule), row in rows.items():
        if kind == "all":
            scored, flagged, left, both = totals[horizon, rule]
            assert [row[column] for column in columns] == [scored, flagged, left, both]
            assert row["recall_rate"] == pytest.approx(both / left)
            assert row["precision_rate"] == pytest.approx(both / flagged)
            assert row["lift"] == pytest.approx(both / flagged / (left / scored))


def test_churned_accounts_show_what_was_known_before(marts: dict[str, list[Row]], health: Health) -> None:
    churns = [(account, day) for account, days in health.churns().items() for day in days]
    assert sorted((row["account_id"], row["occurred_on"]) for row in marts["churned_accounts"]) == sorted(
        churns
    )
    for row in marts["churned_accounts"]:
        facts = health.facts[row["account_id"]]
        said = [day for day, *_ in [*facts["nps"], *facts["csat"]]] + facts["tickets"]
        heard = [row["occurred_on"] - day for day in said]
        off_scale = row["account_id"] in {
            one["account_id"] for one in health.company.answers if one["score"] in (6, 11)
        }
        is_silent = not any(timedelta(days=1) <= gap <= timedelta(days=90) for gap in heard)
        assert row["is_silent"] == is_silent or off_scale, row
        for days in (30, 60, 90):
            moment = row["occurred_on"] - timedelta(days=days)
            week = health.weeks.get((row["account_id"], _last_week(moment)), {})
            score = row[f"health_score_{days}d_before"]
            assert (score is None) == (week.get("health_score") is None)
            assert score is None or abs(float(score) - week["health_score"]) < 0.00021
            assert row[f"health_band_{days}d_before"] == week.get("health_band")
            assert row[f"tickets_{days}d_before"] == week.get("tickets")


def _last_week(day: date) -> date:
    """The Monday of the last week that has ended by a day."""
    return monday(day + timedelta(days=1)) - timedelta(weeks=1)


def test_account_is_shown_with_its_last_week(marts: dict[str, list[Row]], health: Health) -> None:
    alerts = health.alerts()
    for row in marts["account_360"]:
        account = row["account_id"]
        weeks = [week for owner, week in health.weeks if owner == account]
        assert row["health_week"] == max(weeks, default=None)
        latest = health.weeks[account, max(weeks)] if weeks else {}
        assert row["health_band"] == latest.get("health_band")
        assert row["risk_signals"] == latest.get("risk_signals")
        mine = [signal for owner, signal in alerts if owner == account]
        assert row["risk_alerts"] + row["expansion_alerts"] == len(mine)
        assert row["next_signal"] in mine if mine else row["next_signal"] is None
        answers = health.facts[account]["nps"] if account in health.facts else []
        assert row["last_nps_on"] == max((day for day, *_ in answers), default=None)
    assert len(marts["account_360"]) == len({row["account_id"] for row in marts["account_360"]})
    assert {row["next_signal"] is None for row in marts["account_360"]} == {True, False}


def test_reviews_stand_beside_the_medians_of_their_segment(
    marts: dict[str, list[Row]], health: Health
) -> None:
    today = health.world.today
    segments: dict[tuple[date, str | None], list[Row]] = {}
    for row in marts["qbr_pack"]:
        assert row["segment"] == health.segments[row["account_id"]]
        segments.setdefault((row["quarter"], row["segment"]), []).append(row)
        following = (row["quarter"] + timedelta(days=93)).replace(day=1)
        close = min(following - timedelta(days=1), today)
        assert row["closed_on"] == close
        closing = monday(today) if close == today else _last_week(close)
        week = health.weeks.get((row["account_id"], closing), {})
        assert (row["health_score"] is None) == (week.get("health_score") is None), row
        if row["health_score"] is not None:
            assert abs(float(row["health_score"]) - week["health_score"]) < 0.00021
        assert row["risk_signals"] == week.get("risk_signals")
    for rows in segments.values():
        for figure in (
            "health_score",
            "tickets_opened",
            "csat_rate",
            "seat_utilisation",
            "mrr_retention_12m",
        ):
            known = [float(row[figure]) for row in rows if row[figure] is not None]
            median = statistics.median(known) if known else None
            for row in rows:
                found = row[f"segment_median_{figure}"]
                assert found == (None if median is None else pytest.approx(median)), (row, figure)
        amounts = sorted(row["closing_mrr"] for row in rows)
        assert {row["segment_median_closing_mrr"] for row in rows} == {amounts[(len(amounts) - 1) // 2]}
        assert {row["segment_accounts"] for row in rows} == {len(rows)}
    closes = {
        (row["account_id"], row["month"])
        for row in marts["fct_account_months"]
        if row["is_customer_at_close"]
    }
    ends = {(row["account_id"], row["closed_on"].replace(day=1)) for row in marts["qbr_pack"]}
    assert ends == {
        (account, month) for account, month in closes if month.month % 3 == 0 or month == today.replace(day=1)
    }


def test_what_comes_after_a_week_changes_no_score_of_it(
    company: Company, marts: dict[str, list[Row]]
) -> None:
    week = date(2025, 1, 6)
    later = built(company.before(company.world.midnight(week + timedelta(weeks=1))))

    def until(rows: list[Row]) -> list[str]:
        # Which week is the latest is about today.
        known = [{**row, "is_latest": None} for row in rows if row["week"] <= week]
        return sorted(repr(row) for row in known)

    assert until(later["fct_account_health"]) == until(marts["fct_account_health"])
    assert len(until(marts["fct_account_health"])) > 300
