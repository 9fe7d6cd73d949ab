"""The marts of a simulated company against its true history, which the pipeline never sees."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.core.settings import Settings

pytestmark = pytest.mark.integration

MOVEMENTS = {
    "opening_mrr": "opening_mrr",
    "new_mrr": "net_new_mrr",
    "expansion_mrr": "net_expansion_mrr",
    "contraction_mrr": "net_contraction_mrr",
    "churn_mrr": "net_churn_mrr",
    "reactivation_mrr": "net_reactivation_mrr",
    "fx_impact_mrr": "fx_impact_mrr",
    "closing_mrr": "closing_mrr",
}


@pytest.fixture(scope="module")
def marts(company: Settings) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(company.current / "csw.duckdb"), read_only=True)
    truth = company.landing / "_truth"
    connection.execute(f"create temp view true_movements as from '{truth}/movements.parquet'")
    connection.execute(f"create temp view true_months as from '{truth}/monthly.parquet'")
    connection.execute(f"create temp view true_renewals as from '{truth}/renewals.parquet'")
    return connection


def test_every_account_month_equals_the_truth_to_the_last_digit(marts: duckdb.DuckDBPyConnection) -> None:
    differs = " or ".join(f"t.{true} is distinct from m.{ours}" for true, ours in MOVEMENTS.items())
    [(checked, wrong)] = marts.execute(
        f"""
        select count(*), count_if({differs})
        from true_movements as t
        full join (
            select * from marts.fct_account_months
            where is_complete and (opening_mrr <> 0 or closing_mrr <> 0 or fx_impact_mrr <> 0)
        ) as m on t.account_id = m.account_id and t.month = m.month
        """
    ).fetchall()
    assert checked > 10_000
    assert wrong == 0


def test_every_month_equals_the_truth_in_money_and_customers(marts: duckdb.DuckDBPyConnection) -> None:
    columns = {
        **MOVEMENTS,
        **{
            name: name
            for name in (
                "opening_customers",
                "new_customers",
                "reactivated_customers",
                "churned_customers",
                "closing_customers",
            )
        },
    }
    differs = " or ".join(f"t.{true} is distinct from m.{ours}" for true, ours in columns.items())
    [(checked, wrong)] = marts.execute(
        f"""
        select count(*), count_if({differs})
        from true_months as t
        full join (
            select * from marts.mrr_monthly where dimension = 'all' and is_complete
        ) as m on t.month = m.month
        """
    ).fetchall()
    assert checked == 36
    assert wrong == 0


@pytest.mark.parametrize("kind", ["voluntary", "involuntary", "dispute", "planned_end", "pause", "unknown"])
def test_churn_kinds_equal_the_truth(marts: duckdb.DuckDBPyConnection, kind: str) -> None:
    [(total, wrong)] = marts.execute(
        f"""
        select
            sum(t.{kind}_customers),
            count_if(
                t.{kind}_customers is distinct from m.{kind}_customers
                or t.{kind}_mrr is distinct from m.{kind}_mrr
            )
        from true_months as t
        full join (
            select * from marts.churn_monthly where dimension = 'all' and is_complete
        ) as m on t.month = m.month
        """
    ).fetchall()
    assert total > 0, f"the company has no {kind} churn; choose another seed"
    assert wrong == 0


def test_every_renewal_equals_the_truth_to_the_last_digit(marts: duckdb.DuckDBPyConnection) -> None:
    [(checked, known, wrong)] = marts.execute(
        """
        select
            count(*),
            count_if(t.outcome <> 'open'),
            count_if(
                t.contract_id is distinct from m.contract_id
                or t.outcome is distinct from m.outcome
                or t.due_amount is distinct from m.due_amount
                or (t.outcome <> 'open' and coalesce(t.renewed_amount, 0) is distinct from m.renewed_amount)
            )
        from true_renewals as t
        full join marts.renewals as m on t.account_id = m.account_id and t.due_on = m.due_on
        """
    ).fetchall()
    assert checked > 200
    assert known > 80
    assert wrong == 0


def test_renewal_rates_equal_the_rates_of_the_true_outcomes(marts: duckdb.DuckDBPyConnection) -> None:
    [(quarters, wrong)] = marts.execute(
        """
        with truth as (
            select
                date_trunc('quarter', due_on)::date as quarter,
                sum(least(kept, due_amount))::double / sum(due_amount)::double as gross,
                sum(kept)::double / sum(due_amount)::double as net,
                count(renewed_amount) / count(*) as customers
            from (select *, coalesce(renewed_amount, 0) as kept from true_renewals)
            where outcome <> 'open'
            group by 1
        )
        select count(*), count_if(
            gross_renewal_rate is distinct from gross
            or net_renewal_rate is distinct from net
            or customer_renewal_rate is distinct from customers
        )
        from truth
        full join (
            from marts.renewals_quarterly where dimension = 'all' and due_contracts > 0
        ) as m using (quarter)
        """
    ).fetchall()
    assert quarters >= 8
    assert wrong == 0


def test_event_and_net_ledger_have_the_same_change(marts: duckdb.DuckDBPyConnection) -> None:
    wrong = marts.execute(
        """
        select count_if(
            new_mrr + expansion_mrr + contraction_mrr + churn_mrr + reactivation_mrr
            <> net_new_mrr + net_expansion_mrr + net_contraction_mrr + net_churn_mrr + net_reactivation_mrr
        )
        from marts.fct_account_months
        """
    ).fetchone()
    assert wrong == (0,)


def test_a_movement_links_to_its_items_and_their_batch(
    marts: duckdb.DuckDBPyConnection, company: Settings
) -> None:
    batches = {path.stem for path in (company.raw / "generic" / "subscription_periods").glob("*.parquet")}
    found = marts.execute("select distinct source_batch_id from marts.fct_mrr_movement_items").fetchall()
    assert {batch for (batch,) in found} <= batches
    assert found


def test_no_address_of_a_person_is_published(marts: duckdb.DuckDBPyConnection, company: Settings) -> None:
    emails = duckdb.execute(
        f"select count(*) from read_parquet('{company.raw}/generic/survey_responses/*.parquet')"
        " where respondent_email like '%@%'"
    ).fetchone()
    assert emails is not None
    assert emails[0] > 0, "the company's surveys hold no address, so nothing is proved"
    columns = marts.execute(
        "select table_name, column_name from duckdb_columns()"
        " where schema_name = 'marts' and data_type = 'VARCHAR'"
    ).fetchall()
    for table, column in columns:
        hits = marts.execute(
            f"select count(*) from marts.{table} where \"{column}\" like '%_@_%.__%'"
        ).fetchone()
        assert hits == (0,), f"{table}.{column}"
