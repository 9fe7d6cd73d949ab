"""A simulated company with files of every system, against its true history."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from simulator import simulate
from tests.connectors.company import AS_OF
from tests.connectors.warehouses import built
from tests.truth import MOVEMENTS

pytestmark = pytest.mark.integration

SYSTEMS = ("salesforce", "stripe", "typeform", "zendesk", "segment")
MARTS = ("+fct_account_months", "+fct_tickets")
MODELS = ("build", "--exclude-resource-type", "unit_test", "test", "--select", *MARTS)
CRM_ID = "'001Sim' || lpad(right({}, 6), 9, '0') || 'IAA'"


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The marts, with the true history, and the true account of each customer and ticket."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(150, 24, 7, folder / "files", until=date.fromisoformat(AS_OF), messy=True, systems=SYSTEMS)
    warehouse = built(folder / "home", delivered(folder / "files"), MODELS, systems="salesforce")
    connection = duckdb.connect(str(warehouse), read_only=True)
    for name in ("movements", "customers", "tickets", "groups", "voices"):
        connection.execute(f"create temp view true_{name} as from '{folder}/files/_truth/{name}.parquet'")
    connection.execute(
        """
        create temp view customers as
        select true_customers.account_id as true_account, keys.*
        from true_customers
        left join unified.unified_account_keys as keys
            on true_customers.source_key = keys.source_key and keys.source_system = 'stripe'
        """
    )
    return connection


def delivered(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file() and "_truth" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


def test_every_account_month_equals_the_truth_to_the_last_digit(marts: duckdb.DuckDBPyConnection) -> None:
    differs = " or ".join(f"t.{true} is distinct from m.{ours}" for true, ours in MOVEMENTS.items())
    [(checked, wrong)] = marts.execute(
        f"""
        select count(*), count_if({differs})
        from true_movements as t
        full join (
            select customers.true_account, months.*
            from marts.fct_account_months as months
            left join customers using (account_id)
            where months.is_complete
            and (months.opening_mrr <> 0 or months.closing_mrr <> 0 or months.fx_impact_mrr <> 0)
        ) as m on t.account_id = m.true_account and t.month = m.month
        """
    ).fetchall()
    assert checked > 500
    assert wrong == 0


def test_no_customer_joins_a_foreign_account(marts: duckdb.DuckDBPyConnection) -> None:
    """A customer without a stored key and an address of the company stays alone."""
    found = marts.execute(
        f"""
        select
            case
                when account_id = 'stripe:' || source_key then 'alone'
                when account_id = {CRM_ID.format("true_account")} then 'own'
                else 'foreign'
            end as outcome,
            count(*)
        from customers
        group by outcome
        """
    ).fetchall()
    outcomes = dict(found)
    assert outcomes.get("foreign", 0) == 0
    assert outcomes["own"] > 3 * outcomes["alone"] > 0


def test_every_ticket_has_its_account(marts: duckdb.DuckDBPyConnection) -> None:
    """By the organization of the ticket or its requester, or by the address."""
    crm_id = CRM_ID.format("true_tickets.account_id")
    [(checked, wrong)] = marts.execute(
        f"""
        select count(*), count_if(tickets.account_id is distinct from {crm_id})
        from marts.fct_tickets as tickets
        inner join true_tickets on tickets.ticket_id = 'zendesk:' || true_tickets.source_key
        """
    ).fetchall()
    assert checked > 1_000
    assert wrong == 0
    rules = marts.execute(
        "select distinct match_rule from unified.unified_account_keys where source_system = 'zendesk'"
    ).fetchall()
    assert {rule for (rule,) in rules} >= {"reference", "domain"}


def test_every_group_has_its_account(marts: duckdb.DuckDBPyConnection) -> None:
    """By the account's id in the CRM, also that of a merged duplicate, or by the domain of the group."""
    found = marts.execute(
        f"""
        select match_rule, count(*), count_if(account_id is distinct from {CRM_ID.format("true_account")})
        from unified.unified_account_keys
        inner join (select source_key, account_id as true_account from true_groups) using (source_key)
        where source_system = 'segment'
        group by match_rule
        """
    ).fetchall()
    assert {rule for rule, *_ in found} == {"reference", "domain"}
    assert sum(number for _, number, _ in found) > 100
    assert [wrong for *_, wrong in found if wrong] == []


def test_active_users_are_those_of_the_truth_and_bots_and_staff(marts: duckdb.DuckDBPyConnection) -> None:
    """The seed ignored_users names nobody here."""
    [(checked, active, fewer, more)] = marts.execute(
        f"""
        select count(*), sum(voices.active_users), count_if(months.active_users < voices.active_users),
            max(months.active_users - voices.active_users)
        from true_voices as voices
        inner join marts.fct_account_months as months
            on months.account_id = {CRM_ID.format("voices.account_id")} and months.month = voices.month
        where months.is_complete and voices.active_users is not null
        """
    ).fetchall()
    assert checked > 500
    assert active > 500
    assert fewer == 0
    assert more <= 6


def test_every_month_of_a_customer_has_its_tickets(marts: duckdb.DuckDBPyConnection) -> None:
    """Copies, spam, merged and deleted tickets do not count."""
    [(checked, opened, wrong)] = marts.execute(
        f"""
        select count(*), sum(voices.tickets_opened),
            count_if(months.tickets_opened is distinct from voices.tickets_opened)
        from true_voices as voices
        inner join marts.fct_account_months as months
            on months.account_id = {CRM_ID.format("voices.account_id")} and months.month = voices.month
        where months.is_complete
        """
    ).fetchall()
    assert checked > 500
    assert opened > 500
    assert wrong == 0
