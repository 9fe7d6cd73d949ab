"""What customers of the simulated company say and do agrees with itself, with money and with the truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from simulator import SimulationReport, simulate
from tests.unit.simulated import one_value


@pytest.fixture(scope="module")
def delivered(messy: SimulationReport) -> Iterator[duckdb.DuckDBPyConnection]:
    """The messy files of the voices, as text."""
    connection = duckdb.connect()
    for name in ("tickets", "ticket_events", "usage_events", "seats", "milestones", "calls"):
        folder = messy.out / "generic" / name
        connection.execute(
            f"create view {name} as from read_csv('{folder}/*.csv', all_varchar = true, filename = true)"
        )
    yield connection
    connection.close()


def test_unhappy_accounts_ask_for_more_help_and_use_less(database: duckdb.DuckDBPyConnection) -> None:
    """Within a segment, so that the size of the accounts does not decide."""
    rows = database.execute(
        """with fifths as (
            select *, ntile(5) over (partition by segment order by satisfaction) as fifth
            from voices join accounts using (account_id)
        )
        select fifth, avg(tickets_opened), avg(active_users) from fifths group by 1 order by 1"""
    ).fetchall()
    low, high = rows[0], rows[-1]
    assert low[1] > 2 * high[1]
    assert low[2] < 0.9 * high[2]
    leaves = database.execute(
        """select avg(leaves::int) filter (satisfaction < -1), avg(leaves::int) filter (satisfaction > 1)
        from (select *, coalesce(will_churn_on < month + interval 4 month, false) as leaves from voices)"""
    ).fetchall()[0]
    assert leaves[0] > 2 * leaves[1] > 0


def test_the_truth_counts_the_rows_of_the_files(database: duckdb.DuckDBPyConnection) -> None:
    compared, wrong = database.execute(
        """with opened as (
            select account_id, date_trunc('month', created_at)::date as month, count(*) as tickets
            from tickets group by all
        ),
        used as (
            select account_id, date_trunc('month', occurred_at)::date as month,
                count(distinct user_id) as users
            from usage_events group by all
        )
        select count(*), count(*) filter (tickets_opened <> coalesce(tickets, 0)
            or active_users <> coalesce(users, 0)
            or (active_users is null) <> (month < date '2024-01-01'))
        from voices left join opened using (account_id, month) left join used using (account_id, month)"""
    ).fetchall()[0]
    assert compared > 10_000
    assert wrong == 0


def test_the_truth_of_leavers_follows_the_money(database: duckdb.DuckDBPyConnection) -> None:
    """A month at whose end an account is a customer is a month of the voices, and the other way round."""
    lost = """select count(*) from movements left join voices using (account_id, month)
        where closing_mrr > 0 and (will_churn_on < month + interval 1 month or voices.month is null)"""
    assert one_value(database, lost) == 0
    churned, foretold = database.execute(
        """select count(*), count(*) filter (will_churn_on >= m.month
            and will_churn_on < m.month + interval 1 month)
        from movements as m join voices using (account_id, month) where churn_mrr < 0"""
    ).fetchall()[0]
    assert churned > 200
    assert churned == foretold


def test_some_leave_without_a_word_and_some_complain_and_stay(database: duckdb.DuckDBPyConnection) -> None:
    # The first departure of an account, so that the three months before belong to one stay.
    silent, spoke = database.execute(
        """select count(distinct v.account_id), count(t.ticket_id)
        from (select account_id, min_by(leaves_silently, will_churn_on) as is_silent,
                min(will_churn_on) as left_on from voices group by 1) as v
        left join tickets as t on t.account_id = v.account_id
            and created_at >= left_on - interval 89 day and created_at < left_on
        where is_silent"""
    ).fetchall()[0]
    assert silent > 30
    assert spoke == 0
    kinds = database.execute("select distinct churn_kind from voices where leaves_silently").fetchall()
    assert {kind for (kind,) in kinds} <= {"voluntary", "planned_end", "pause", "unknown"}
    complained = """select count(distinct account_id) from voices as v join accounts using (account_id)
        where tickets_opened >= 4 and segment = 'smb' and will_churn_on is null"""
    assert one_value(database, complained) > 20


def test_usage_slips_before_most_departures(database: duckdb.DuckDBPyConnection) -> None:
    """Compares the last month with the months before the slip, for accounts that slip or not."""
    ratios = dict(
        database.execute(
            """with leavers as (
                select account_id, will_churn_on, usage_slips_on is not null as slips
                from voices where churn_kind in ('voluntary', 'unknown', 'planned_end')
                    and will_churn_on >= date '2024-09-01' group by all
            ),
            users as (
                select slips, will_churn_on, account_id,
                    count(*) filter (occurred_at >= will_churn_on - interval 30 day) as late,
                    count(*) filter (occurred_at < will_churn_on - interval 90 day) / 4 as usual
                from leavers join usage_events using (account_id)
                where occurred_at between will_churn_on - interval 210 day and will_churn_on
                group by all
            )
            select slips, sum(late) / sum(usual) from users group by 1"""
        ).fetchall()
    )
    assert ratios[True] < 0.55
    assert ratios[True] < 0.7 * ratios[False]


def test_users_have_seats_and_a_working_week(database: duckdb.DuckDBPyConnection) -> None:
    months, over = database.execute(
        """with seats_of as (
            select account_id, month, max(quantity)::bigint as most from voices
            join subscription_periods using (account_id)
            where item_id = subscription_id and plan_id not in ('academy', 'onboarding')
                and period_start < month + interval 1 month
                and coalesce(period_end, timestamp '2100-01-01') > month
            group by all
        )
        select count(*), count(*) filter (active_users > most)
        from voices join seats_of using (account_id, month)"""
    ).fetchall()[0]
    assert months > 10_000
    assert over <= months * 0.001
    weekend = "select avg((isodow(occurred_at) > 5)::int) from usage_events"
    assert 0.02 < one_value(database, weekend) < 0.08
    deciding = dict(
        database.execute(
            """with visits as (
                select email, any_value(is_decision_maker) as decides, count(event_id) as events
                from contacts join accounts using (account_id)
                join seats using (account_id)
                left join usage_events on user_id = email
                where segment <> 'smb' group by all
            )
            select decides, avg(events) from visits group by 1"""
        ).fetchall()
    )
    assert deciding[True] < 0.8 * deciding[False]


def test_seats_are_those_of_the_subscriptions(database: duckdb.DuckDBPyConnection) -> None:
    compared, wrong = database.execute(
        """with paid as (
            select account_id, quantity::bigint as quantity, period_start from subscription_periods
            where status in ('active', 'past_due') and unit_amount > 0 and item_id = subscription_id
                and plan_id not in ('academy', 'onboarding') and not is_deleted
            qualify row_number() over (
                partition by account_id, period_start::date order by period_start desc) = 1
        )
        select count(*), count(*) filter (quantity <> seats_paid)
        from paid asof join seats on seats.account_id = paid.account_id
            and seats.effective_on <= paid.period_start::date"""
    ).fetchall()[0]
    assert compared > 2_000
    assert wrong == 0


def test_onboarding_has_targets_and_gaps(database: duckdb.DuckDBPyConnection) -> None:
    shares = database.execute(
        """select milestone, avg((reached_at is null)::int), avg((reached_at::date > target_on)::int)
        from milestones group by 1"""
    ).fetchall()
    assert {name for name, _, _ in shares} == {"kickoff", "first_value", "onboarded"}
    for _, never, late in shares:
        assert 0.02 < never < 0.4
        assert 0.1 < late < 0.6
    # The first published report of an account is its first value.
    wrong = """select count(*) from milestones join (
            select account_id, min(occurred_at) as first_report from usage_events
            where event_name = 'report_published' group by 1) using (account_id)
        where milestone = 'first_value' and first_report < reached_at"""
    assert one_value(database, wrong) == 0
    once = """select avg((days = 1)::int) from (
            select account_id, count(distinct occurred_at::date) as days from accounts
            join usage_events using (account_id)
            where created_at >= date '2024-01-01' and account_id not in (select account_id from seats)
            group by 1)"""
    assert 0.3 < one_value(database, once) < 0.8


def test_opportunities_and_calls_are_plausible(database: duckdb.DuckDBPyConnection) -> None:
    wrong = """select count(*) from opportunities join accounts using (account_id)
        where opportunities.created_at < accounts.created_at or closed_at < opportunities.created_at
            or is_won and not is_closed or amount <= 0 or opportunities.updated_at > timestamp '2026-01-01'
            or not is_closed and closed_at < timestamp '2026-01-01'"""
    assert one_value(database, wrong) == 0
    kinds = database.execute(
        "select opportunity_type, count(*) filter (is_won), count(*) filter (is_closed and not is_won),"
        " count(*) filter (not is_closed) from opportunities group by 1"
    ).fetchall()
    assert {kind for kind, *_ in kinds} == {"new", "renewal", "expansion"}
    assert all(count > 0 for _, *counts in kinds for count in counts)
    won = """select count(*) from renewals as r where outcome in ('renewed', 'upsold', 'downsold')
        and not exists (from opportunities as o where o.account_id = r.account_id
            and opportunity_type = 'renewal' and is_won)"""
    assert one_value(database, won) == 0
    calls = database.execute("select kind, count(*), min(minutes) from calls group by 1").fetchall()
    assert {kind for kind, _, _ in calls} == {"onboarding", "check_in", "qbr", "renewal", "support"}
    assert all(minutes > 5 for _, _, minutes in calls)


@pytest.mark.parametrize(
    ("table", "condition"),
    [
        ("tickets", "IsSpam = 'true' and AccountId is null"),
        ("tickets", "MergedIntoTicketId is not null and Status = 'closed'"),
        ("tickets", "IsDeleted = 'true' and Subject is null"),
        ("tickets", "AccountId is null and TicketId like 'UNKNOWN-%'"),
        ("tickets", "AccountId is null and RequesterEmail like '%@%' and IsSpam = 'false'"),
        ("tickets", "RequesterEmail = upper(RequesterEmail)"),
        ("ticket_events", "EventId like 'EARLY-%' and EventType = 'public_comment'"),
        ("ticket_events", "EventId like 'FUTURE-%'"),
        ("ticket_events", "TicketId like 'GONE-%'"),
        ("usage_events", "EventId like 'FUTURE-%'"),
        ("usage_events", "AccountId like 'GONE-%'"),
        ("usage_events", "UserId is null"),
        ("usage_events", "UserId = 'uptime-bot'"),
        ("usage_events", "UserId like 'staff-%'"),
        ("usage_events", "UserId = upper(UserId) and UserId like '%@%'"),
        ("usage_events", "EventId in (select EventId from usage_events group by 1 having count(*) > 1)"),
        ("ticket_events", "EventId in (select EventId from ticket_events group by 1 having count(*) > 1)"),
        ("calls", "CallId in (select CallId from calls group by 1 having count(*) > 1)"),
        ("seats", "SeatsPaid = '-1'"),
        ("milestones", "Milestone = upper(Milestone)"),
    ],
)
def test_messy_voices_have_every_flaw(
    delivered: duckdb.DuckDBPyConnection, table: str, condition: str
) -> None:
    assert one_value(delivered, f"select count(*) from {table} where {condition}") > 5


def test_messy_usage_comes_in_two_files_and_partly_late(delivered: duckdb.DuckDBPyConnection) -> None:
    """The second file has the events since the first one, the same events again, and late ones."""
    files = delivered.execute("select distinct filename from usage_events order by 1").fetchall()
    assert [Path(name).name for (name,) in files] == ["export_2025-10-01.csv", "export_2026-01-01.csv"]
    again = """select count(*) from (select EventId from usage_events group by 1
        having count(distinct filename) = 2)"""
    assert one_value(delivered, again) > 1_000
    late = """select count(distinct EventId) from usage_events where filename like '%2026-01-01.csv'
        and try_cast(OccurredAt as timestamp) between timestamp '2025-09-24' and timestamp '2025-10-01'
        and EventId not in (select EventId from usage_events where filename like '%2025-10-01.csv')"""
    assert one_value(delivered, late) > 50


def test_messy_voices_contain_the_clean_ones(
    delivered: duckdb.DuckDBPyConnection, clean: SimulationReport
) -> None:
    """Every true row arrives, and what is added can be told apart by its id."""
    for table, key in (("tickets", "TicketId"), ("ticket_events", "EventId"), ("usage_events", "EventId")):
        name = next((clean.out / "generic" / table).iterdir())
        true_ids = f"select {table.rstrip('s') if table == 'tickets' else 'event'}_id from '{name}'"
        missing = f"select count(*) from ({true_ids} except select {key} from {table})"
        assert one_value(delivered, missing) == 0
        more = f"""select count(*) from (select {key} from {table} where {key} is not null
            except {true_ids}) where not regexp_matches({key}, '^[A-Z]+-[A-Z]-')"""
        assert one_value(delivered, more) == 0


def test_usage_covers_the_months_that_were_asked_for(tmp_path: Path) -> None:
    simulate(80, 8, 3, tmp_path, usage_months=2)
    events = f"select left(occurred_at::varchar, 7) from read_csv('{tmp_path}/generic/usage_events/*.csv')"
    truth = f"select left(month::varchar, 7) from '{tmp_path}/_truth/voices.parquet' where active_users >= 0"
    for query in (events, truth):
        assert set(duckdb.execute(query).fetchall()) == {("2025-11",), ("2025-12",)}


@pytest.mark.parametrize("messy", [False, True])
def test_a_company_without_usage_has_an_empty_file(tmp_path: Path, messy: bool) -> None:
    report = simulate(80, 8, 3, tmp_path, usage_months=0, messy=messy)
    assert report.rows["generic/usage_events/export_2026-01-01.csv"] == 0
    header = (tmp_path / "generic/usage_events/export_2026-01-01.csv").read_text(encoding="utf-8-sig")
    assert len(header.split(",")) == 5 + messy
