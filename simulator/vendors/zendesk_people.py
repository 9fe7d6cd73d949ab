"""Persons and organizations of Zendesk."""

from __future__ import annotations

import duckdb

from simulator import wording as w
from simulator.desk import AGENTS
from simulator.expressions import ORDER, array
from simulator.vendors.ids import Company, merged_key, utc
from simulator.vendors.zendesk_ids import TIME, agent, organization, person


def make_people(connection: duckdb.DuckDBPyConnection, company: Company) -> None:
    """One row per address that asked for help or was surveyed: its user, and the organization of the user.

    In a messy company, some users have no organization. Their address tells it.
    """
    connection.execute(
        f"""
        create or replace table zendesk_people as
        with addresses as (
            select lower(requester_email) as email from tickets where requester_email is not null
            union
            select respondent_email from survey_responses where ticket_id is not null
        )

        select
            addresses.email,
            contacts.full_name,
            {person(f"coalesce(contacts.{ORDER}, 900000000 + length(addresses.email))")} as person,
            case when not ({company.one_in(7, "addresses.email")}) then {organization("account_id")} end
                as organization,
            coalesce(contacts.created_at, timestamp '{company.until}' - interval 1 month) as created_at
        from addresses left join contacts on addresses.email = lower(contacts.email)
        """
    )


def user_records(company: Company) -> str:
    """Some addresses of a messy company are in capitals, and its last agent has left."""
    agents = f"""
        select
            {agent("number")} as id,
            {array(w.AGENTS)}[number] as name,
            'agent-' || number || '@desk.example' as email,
            'agent' as role,
            null::bigint as organization_id,
            '2020-01-01T00:00:00Z' as updated_at
        from (select unnest(range(1, {AGENTS} + 1)) as number)
    """
    has_left = f"{str(company.is_messy).lower()} and id = {agent(str(AGENTS))}"
    return f"""
        select
            person as id,
            coalesce(full_name, email) as name,
            case when {company.one_in(6, "'case' || email")} then upper(email) else email end as email,
            'end-user' as role,
            organization as organization_id,
            {utc("created_at", TIME)} as updated_at
        from zendesk_people
        union all
        {agents}
        union all
        select * replace ('end-user' as role, '2020-06-01T00:00:00Z' as updated_at)
        from ({agents}) where {has_left}
        order by id, updated_at
    """


def organization_records(company: Company) -> str:
    """Each organization holds the key of the account, unless a person linked it.

    In a messy company, many know only the domain or only the key, and some the key of a merged duplicate.
    """
    account = "accounts.account_id"
    has_domain = "not (" + company.one_in(3, f"'domain' || {account}") + ")"
    has_key = "not (" + company.one_in(2, f"'key' || {account}") + f" and {has_domain})"
    names_duplicate = f"{company.has_salesforce} and {company.has_duplicate(account)}"
    is_linked = f"{not company.has_salesforce} and links.account_id is not null"
    return f"""
        select
            {organization(account)} as id,
            account_name as name,
            case
                when {is_linked} or not ({has_key}) then null
                when {names_duplicate} then {merged_key(account)}
                else {company.account_key(account)}
            end as external_id,
            case when {has_domain} then [domain] else [] end as domain_names,
            {utc("created_at", TIME)} as updated_at
        from accounts
        left join (select account_id from account_keys where source_system = 'help_desk') as links
            using (account_id)
        where account_id in (select account_id from zendesk_accounts)
        order by id
    """
