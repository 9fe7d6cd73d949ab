"""Usage events, users and groups as calls of Segment."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from simulator.messy import spoil
from simulator.vendors.ids import Company, merged_key, utc

_TIME = "%Y-%m-%dT%H:%M:%SZ"
TRUTH = "select group_id as source_key, account_id from segment_groups order by source_key"
"""The account of each group."""


def objects(connection: duckdb.DuckDBPyConnection, company: Company) -> Mapping[str, str]:
    """Return a query per object. Creates the tables that they read, and spoils events of a messy company."""
    _make_groups(connection, company)
    _make_users(connection, company)
    if company.is_messy:
        spoil(connection, "usage_events", company.until, company.until)
    return {
        "tracks": _track_calls(company),
        "identifies": _identify_calls(company),
        "groups": _group_calls(company),
    }


def _make_groups(connection: duckdb.DuckDBPyConnection, company: Company) -> None:
    """One row per account. The id of its group is the key of the account in the CRM.

    In a messy company, some groups have an id of the product and a domain, some the key of a merged
    duplicate, and some no domain.
    """
    has_own_id = company.one_in(3, "'group' || account_id")
    names_duplicate = f"{company.has_salesforce} and {company.has_duplicate('account_id')}"
    connection.execute(
        f"""
        create or replace table segment_groups as
        select
            account_id,
            case
                when {has_own_id} then 'team-' || right(account_id, 6)
                when {names_duplicate} then {merged_key("account_id")}
                else {company.account_key("account_id")}
            end as group_id,
            case when {has_own_id} or not ({company.one_in(2, "'domain' || account_id")}) then domain end
                as domain
        from accounts
        """
    )


def _make_users(connection: duckdb.DuckDBPyConnection, company: Company) -> None:
    """One row per user, who is a visitor until the first login. In a messy company, some log in late."""
    connection.execute(
        f"""
        create or replace table segment_users as
        with users as (
            select user_id, min(account_id) as account_id, min(occurred_at) as first_at
            from usage_events group by user_id
        )

        select
            users.user_id,
            case
                when users.user_id like '%@%' then 'usr_' || left(md5(users.user_id), 16)
                else users.user_id
            end as id,
            case when users.user_id like '%@%' then users.user_id end as email,
            group_id,
            domain,
            least(
                first_at + case
                    when {company.one_in(8, "users.user_id")} then interval 20 day else interval 10 minute
                end,
                {_last_second(company)}
            ) as identified_at
        from users inner join segment_groups using (account_id)
        """
    )


def _track_calls(company: Company) -> str:
    """In a messy company, some calls arrive days late, and some name no group.

    A call with a time in the future was received when the event happened.
    """
    has_no_group = company.one_in(30, "'group' || event_id")
    is_late = company.one_in(20, "'late' || event_id")
    delay = f"case when {is_late} then interval 3 day else interval 2 second end"
    received_at = f"""case
        when happened_at < occurred_at then happened_at
        else least(happened_at + {delay}, {_last_second(company)})
    end"""
    events = "select *, occurred_at as happened_at from usage_events"
    if company.is_messy:
        events = """
            select usage_events.*, coalesce(past.occurred_at, usage_events.occurred_at) as happened_at
            from usage_events
            left join (
                select 'FUTURE-' || event_id as event_id, min(occurred_at) as occurred_at from usage_events
                where event_id in (
                    select replace(event_id, 'FUTURE-', '') from usage_events where event_id like 'FUTURE-%'
                )
                group by event_id
            ) as past using (event_id)
        """
    return f"""
        select
            event_id as "messageId",
            'track' as "type",
            event_name as "event",
            case
                when users.id is null then events.user_id
                when happened_at >= identified_at then users.id
            end as "userId",
            'browser-' || coalesce(users.id, events.user_id, event_id) as "anonymousId",
            {{'groupId': case
                when users.id is null or not ({has_no_group}) then coalesce(groups.group_id, account_id)
            end}} as context,
            {utc("occurred_at", _TIME)} as "timestamp",
            {utc(received_at, _TIME)} as "receivedAt"
        from ({events}) as events
        left join segment_users as users on lower(events.user_id) = lower(users.user_id)
        left join segment_groups as groups using (account_id)
    """


def _identify_calls(company: Company) -> str:
    """In a messy company, some users had another address before, some addresses are in capitals, and some
    calls arrive twice."""
    has_capitals = company.one_in(6, "'case' || user_id")
    return f"""
        select
            'identify-' || id || '-' || number as "messageId",
            'identify' as "type",
            id as "userId",
            'browser-' || id as "anonymousId",
            {{'email': case
                when number = 0 then id || '@former.example'
                when {has_capitals} then upper(email)
                else email
            end}} as traits,
            {_called("identified_at - to_hours(1 - number)")}
        from segment_users, (select unnest([0, 1]) as number), (select unnest([1, 2]) as delivery)
        where
            (number = 1 or (email is not null and {company.one_in(9, "'former' || user_id")}))
            and (delivery = 1 or ({company.one_in(40, "'again' || user_id")}))
        order by id, number, delivery
    """


def _group_calls(company: Company) -> str:
    return f"""
        select
            'group-' || id as "messageId",
            'group' as "type",
            id as "userId",
            'browser-' || id as "anonymousId",
            group_id as "groupId",
            {{'domain': domain}} as traits,
            {_called("identified_at")}
        from segment_users order by id
    """


def _called(moment: str) -> str:
    return f'{utc(moment, _TIME)} as "timestamp", {utc(moment, _TIME)} as "receivedAt"'


def _last_second(company: Company) -> str:
    return f"timestamp '{company.until}' - interval 1 second"
