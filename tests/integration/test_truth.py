"""The marts of a simulated company against its true history, which the pipeline never sees."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.core.settings import Settings
from tests.truth import KINDS, compare, open_truth

pytestmark = pytest.mark.integration

LEAST_ROWS = {
    "movements of an account in a month": 10_000,
    "movements and customers of a month": 36,
    "churn of a month by kind": 36,
    "renewal of a contract": 201,
    "renewal rates of a quarter": 8,
}


@pytest.fixture(scope="module")
def marts(company: Settings) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(company.current / "csw.duckdb"), read_only=True)
    open_truth(connection, company.landing)
    return connection


def test_every_figure_equals_the_truth_to_the_last_digit(marts: duckdb.DuckDBPyConnection) -> None:
    compared = {one.what: one for one in compare(marts)}
    assert {what: one.wrong for what, one in compared.items()} == dict.fromkeys(LEAST_ROWS, 0)
    assert [what for what, least in LEAST_ROWS.items() if compared[what].rows < least] == []


def test_the_company_has_every_kind_of_churn_and_known_renewals(marts: duckdb.DuckDBPyConnection) -> None:
    """Otherwise the comparison proves nothing about them. Choose another seed then."""
    sums = ", ".join(f"sum({kind}_customers)" for kind in KINDS)
    assert all(marts.execute(f"select {sums} from true_monthly").fetchall()[0])
    known = marts.execute("select count(*) from true_renewals where outcome <> 'open'").fetchall()
    assert known[0][0] > 80


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
