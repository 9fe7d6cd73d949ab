"""Landing tables from the simulator's arrays: codes become words, numbers become ids, cents become money.

Each table is named after its landing object and has the contract's columns, preceded by `row_number`,
the order in which rows are written.
"""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np

from simulator import catalog as c
from simulator import surveys as s
from simulator import wording as w
from simulator.company import Accounts, Contacts
from simulator.expressions import (
    ORDER,
    account_id,
    array,
    code,
    contact_id,
    create,
    date_of,
    domain,
    instant,
    money,
    subscription_id,
    word,
)
from simulator.fx import Rates
from simulator.periods import ITEM_SUFFIXES, Periods

OBJECTS = (
    "accounts",
    "contacts",
    "account_keys",
    "plans",
    "subscription_periods",
    "invoices",
    "contracts",
    "acquisition_costs",
    "survey_responses",
    "fx_rates",
    "tickets",
    "ticket_events",
    "usage_events",
    "seats",
    "milestones",
    "opportunities",
    "calls",
)
VOICES = frozenset(
    ("tickets", "ticket_events", "usage_events", "seats", "milestones", "opportunities", "calls")
)
"""Objects that a company without voices lacks."""
PARQUET_OPTIONS = "format parquet, compression zstd"


def make_tables(
    connection: duckdb.DuckDBPyConnection,
    accounts: Accounts,
    contacts: Contacts,
    periods: Periods,
    surveys: s.Surveys,
    rates: Rates,
) -> None:
    """Create one table per landing object."""
    _accounts(connection, accounts)
    _contacts(connection, accounts, contacts)
    _account_keys(connection, accounts)
    _plans(connection)
    _subscription_periods(connection, periods)
    _survey_responses(connection, surveys, contacts)
    _fx_rates(connection, rates)


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Column names of a landing table, without the order column."""
    rows = connection.execute(f"describe {table}").fetchall()
    return [row[0] for row in rows if row[0] != ORDER]


def _accounts(connection: duckdb.DuckDBPyConnection, accounts: Accounts) -> None:
    columns = {
        name: getattr(accounts, name)
        for name in ("created", "segment", "industry", "country", "channel", "is_internal", "parent", "name")
    }
    # Only accounts that never bought are deleted in the CRM.
    deleted = (accounts.beginning == 0) & (accounts.name % 5 == 0)
    owners = [list(group) for group in w.OWNERS]
    owner = f"{array(owners)}[segment + 1]"
    company = (
        f"{word(w.COMPANY_FIRST, 'name')} || ' ' || {word(w.COMPANY_SECOND, 'name // 64')} || ' ' || "
        f"{word(w.COMPANY_FORM, 'name // 2048')}"
    )
    select = f"""
        select
            {ORDER},
            {account_id(ORDER)} as account_id,
            case when is_internal then 'Internal test ' || {ORDER} else {company} end as account_name,
            {domain("is_internal", "name", ORDER)} as domain,
            case when parent >= 0 then {account_id("parent")} end as parent_account_id,
            {code(c.SEGMENTS, "segment")} as segment,
            {code(c.INDUSTRIES, "industry")} as industry,
            {code([country for country, _, _ in c.COUNTRIES], "country")} as country,
            {code(c.CHANNELS, "channel")} as acquisition_channel,
            {owner}[name // 7 % len({owner}) + 1] as owner_name,
            {instant("created")} as created_at,
            {instant("changed")} as updated_at,
            deleted as is_deleted,
            is_internal
        from numbers
        order by {ORDER}
    """
    create(connection, "accounts", columns | {"changed": accounts.changed, "deleted": deleted}, select)


def _contacts(connection: duckdb.DuckDBPyConnection, accounts: Accounts, contacts: Contacts) -> None:
    columns = {
        "account": contacts.account,
        "position": contacts.position,
        "created": contacts.created,
        "name": contacts.name,
        "role": contacts.role,
        "account_name": accounts.name[contacts.account],
        "is_internal": accounts.is_internal[contacts.account],
    }
    first, last = word(w.FIRST_NAMES, "name"), word(w.LAST_NAMES, "name // 64")
    mailbox = f"lower({first} || '.' || replace({last}, '''', ''))"
    # Two contacts of an account may share a name. The number makes their addresses unique.
    number = "case when position > 0 then (position + 1)::varchar else '' end"
    select = f"""
        select
            {ORDER},
            {contact_id(ORDER)} as contact_id,
            {account_id("account")} as account_id,
            {mailbox} || {number} || '@' || {domain("is_internal", "account_name", "account")} as email,
            {first} || ' ' || {last} as full_name,
            {code(w.ROLES, "role")} as role,
            {array(w.SENIORITY)}[role + 1] >= 4 as is_decision_maker,
            {array(w.SENIORITY)}[role + 1]::bigint as seniority,
            {instant("created")} as created_at,
            {instant("created")} as updated_at,
            false as is_deleted
        from numbers
        order by {ORDER}
    """
    create(connection, "contacts", columns, select)


def _account_keys(connection: duckdb.DuckDBPyConnection, accounts: Accounts) -> None:
    """Two accounts in three have a separate key in billing, and one in four in the help desk."""
    select = f"""
        select row_number() over (order by source_system, number) as {ORDER}, source_system, source_key,
            {account_id("number")} as account_id
        from (
            select {ORDER} as number, 'billing' as source_system,
                'cus_' || substr(md5('billing' || {ORDER}), 1, 14) as source_key
            from numbers where name % 3 < 2
            union all
            select {ORDER}, 'help_desk', 'org-' || (100000 + {ORDER}) from numbers where name % 4 = 0
        )
        order by {ORDER}
    """
    create(connection, "account_keys", {"name": accounts.name}, select)


def _plans(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"create or replace table plans ({ORDER} bigint, plan_id varchar, plan_name varchar, "
        "product varchar, tier varchar, tier_rank bigint)"
    )
    rows = [[n, p.plan_id, p.name, p.product, p.tier, p.rank] for n, p in enumerate(c.PLANS)]
    connection.executemany("insert into plans values (?, ?, ?, ?, ?, ?)", rows)


def _subscription_periods(connection: duckdb.DuckDBPyConnection, periods: Periods) -> None:
    tombstone = "is_tombstone = 1"
    select = f"""
        select
            {ORDER},
            {subscription_id("number")} as subscription_id,
            {subscription_id("number")} || {code(ITEM_SUFFIXES, "slot")} as item_id,
            {account_id("account")} as account_id,
            {code([plan.plan_id for plan in c.PLANS], "plan")} as plan_id,
            {code(c.CURRENCIES, "currency")} as currency,
            quantity::decimal(18, 0) as quantity,
            {money("unit_amount")} as unit_amount,
            {code([name for name, _ in c.INTERVALS], "interval")} as "interval",
            {array([count for _, count in c.INTERVALS])}[interval + 1]::bigint as interval_count,
            case when discount_kind > 0 then {money("discount_amount")} end as discount_amount,
            nullif({code(c.DISCOUNT_KINDS, "discount_kind")}, '') as discount_kind,
            {code(c.PRICE_KINDS, "price_kind")} as price_kind,
            {code(c.STATUSES, "status")} as status,
            {instant('"start"')} as period_start,
            case when not {tombstone} then {instant('"end"')} end as period_end,
            {instant("requested")} as cancel_requested_at,
            nullif({code(c.CHURN_KINDS, "kind")}, '') as cancel_kind,
            nullif({code(c.REASONS, "reason")}, '') as cancel_reason,
            case when replaces >= 0 then {subscription_id("replaces")} end as replaces_subscription_id,
            {instant('greatest("start", "end")')} as updated_at,
            {tombstone} as is_deleted
        from numbers
        order by {ORDER}
    """
    create(connection, "subscription_periods", periods, select)


def _survey_responses(connection: duckdb.DuckDBPyConnection, surveys: s.Surveys, contacts: Contacts) -> None:
    low = "(type = 0 and score <= 6) or (type > 0 and score <= 2)"
    middle = "(type = 0 and score <= 8) or (type > 0 and score <= 3)"
    said = f"""case when {low} then {word(w.REMARKS_LOW, "remark")}
                when {middle} then {word(w.REMARKS_MIDDLE, "remark")}
                else {word(w.REMARKS_HIGH, "remark")} end"""
    select = f"""
        select
            {ORDER},
            printf('R-%08d', {ORDER}) as response_id,
            {account_id("account")} as account_id,
            {contact_id("contact")} as respondent_id,
            email as respondent_email,
            {code(s.SURVEY_TYPES, "type")} as survey_type,
            {code(s.SURVEY_KINDS, "kind")} as survey_kind,
            {code(s.TOUCHPOINTS, "touchpoint")} as touchpoint,
            case when score >= 0 then score::decimal(4, 0) end as score,
            null::bigint as scale_max,
            true as higher_is_better,
            case when score >= 0 and remark < 12 then {said} end as comment,
            {instant("sent")} as sent_at,
            is_delivered = 1 as delivered,
            {instant("responded")} as responded_at,
            {instant("greatest(sent, responded)")} as updated_at
        from numbers
        left join (select {ORDER} as contact_number, email from contacts) on contact_number = contact
        order by {ORDER}
    """
    create(connection, "survey_responses", surveys, select)


def _fx_rates(connection: duckdb.DuckDBPyConnection, rates: Rates) -> None:
    days = rates.rates.shape[1]
    foreign = np.arange(1, len(c.CURRENCIES))
    columns = {
        "currency": np.repeat(foreign, days),
        "day": np.tile(rates.first_day + np.arange(days), len(foreign)),
        "rate": rates.rates[1:].ravel(),
    }
    select = f"""
        select
            {ORDER},
            {code(c.CURRENCIES, "currency")} as currency,
            {date_of("day")} as rate_on,
            (rate::decimal(12, 0) * 0.000001::decimal(6, 6))::decimal(18, 6) as rate
        from numbers
        order by {ORDER}
    """
    create(connection, "fx_rates", columns, select)


def export_name(day: date) -> str:
    """Return the file name, without ending, of an export from `day`."""
    return f"export_{day.isoformat()}"
