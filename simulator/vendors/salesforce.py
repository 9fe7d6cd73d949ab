"""Accounts, contacts and contracts as objects of Salesforce's API."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from simulator.expressions import ORDER
from simulator.vendors.ids import Company, account_key, contact_key, merged_key, salesforce_id, utc

_TIME = "%Y-%m-%dT%H:%M:%S.000+0000"

LINKS = f"""
    create or replace table account_keys as
    select
        {ORDER}, 'customer_number' as source_system, account_id as source_key,
        {account_key("account_id")} as account_id
    from accounts order by {ORDER}
"""
"""The other exports know an account by its customer number."""


def objects(connection: duckdb.DuckDBPyConnection, company: Company) -> Mapping[str, str]:
    """Return a query per object."""
    user = salesforce_id("005", "(md5_number(owner_name) % 1000000000)::varchar")
    return {
        "Account": f"""
            {_accounts(account_key("account_id"), user)}
            union all
            {_accounts(merged_key("account_id"), user, into=account_key("account_id"))}
            where {company.has_duplicate("account_id")}
            order by "Id"
        """,
        "User": f"""
            select {user} as "Id", owner_name as "Name", true as "IsActive"
            from (select distinct owner_name from accounts) order by owner_name
        """,
        "Contact": f"""
            select
                {contact_key("contact_id")} as "Id",
                {account_key("account_id")} as "AccountId",
                email as "Email",
                full_name as "Name",
                role as "Title",
                {utc("created_at", _TIME)} as "CreatedDate",
                {utc("updated_at", _TIME)} as "SystemModstamp",
                is_deleted as "IsDeleted"
            from contacts order by {ORDER}
        """,
        "OpportunityContactRole": f"""
            select
                {salesforce_id("00K", "contact_id")} as "Id",
                {contact_key("contact_id")} as "ContactId",
                'Decision Maker' as "Role",
                true as "IsPrimary",
                {utc("created_at", _TIME)} as "SystemModstamp"
            from contacts where is_decision_maker order by {ORDER}
        """,
        "Contract": f"""
            select
                {_contract("contract_id")} as "Id",
                {account_key("account_id")} as "AccountId",
                strftime(starts_on, '%Y-%m-%d') as "StartDate",
                strftime(ends_on - interval 1 day, '%Y-%m-%d') as "EndDate",
                'Activated' as "Status",
                currency as "CurrencyIsoCode",
                {utc("starts_on", _TIME)} as "CreatedDate",
                {utc("updated_at", _TIME)} as "SystemModstamp",
                false as "IsDeleted"
            from contracts order by {ORDER}
        """,
        "Opportunity": f"""
            select
                {salesforce_id("006", _number("contract_id"))} as "Id",
                {account_key("account_id")} as "AccountId",
                {_contract("contract_id")} as "ContractId",
                amount as "Amount",
                currency as "CurrencyIsoCode",
                'Closed Won' as "StageName",
                true as "IsWon",
                true as "IsClosed",
                strftime(starts_on, '%Y-%m-%d') as "CloseDate",
                {utc("starts_on", _TIME)} as "CreatedDate",
                {utc("updated_at", _TIME)} as "SystemModstamp",
                false as "IsDeleted"
            from contracts order by {ORDER}
        """,
    }


def _accounts(key: str, user: str, into: str = "null") -> str:
    """Return SQL of accounts with the id `key`, which were merged into the accounts `into`."""
    return f"""
        select
            {key} as "Id",
            account_name as "Name",
            'https://www.' || domain as "Website",
            {account_key("parent_account_id")} as "ParentId",
            industry as "Industry",
            country as "BillingCountry",
            acquisition_channel as "AccountSource",
            {user} as "OwnerId",
            segment as "Segment__c",
            is_internal as "Is_Internal__c",
            {utc("created_at", _TIME)} as "CreatedDate",
            {utc("updated_at", _TIME)} as "SystemModstamp",
            is_deleted or {into} is not null as "IsDeleted",
            {into} as "MasterRecordId"
        from accounts
    """


def _contract(contract_id: str) -> str:
    return salesforce_id("800", _number(contract_id))


def _number(contract_id: str) -> str:
    """Return SQL of digits that identify a contract such as K-000008-01 or K-000008-01-extra."""
    digits = f"regexp_replace({contract_id}, '[^0-9]', '', 'g')"
    return f"{digits} || case when regexp_matches({contract_id}, '[A-Za-z]$') then '9' else '0' end"
