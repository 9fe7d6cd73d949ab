"""Tickets, their history, persons and CSAT answers as objects of Zendesk's API."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from simulator import wording as w
from simulator.expressions import array
from simulator.messy import older_versions, spoil
from simulator.vendors.ids import Company, epoch, utc
from simulator.vendors.zendesk_ids import (
    AUTOMATION,
    CHANNELS,
    STATUSES,
    TIME,
    TYPES,
    agent,
    digits,
    event_number,
    organization,
    person,
    ticket_number,
    word_of,
)
from simulator.vendors.zendesk_people import make_people, organization_records, user_records
from simulator.vendors.zendesk_surveys import rating_records, response_records

TICKETS_AT_ONCE = 200_000
"""The lists of their changes need about 1 GB of memory."""
TRUTH = "from zendesk_accounts order by source_key"
"""The account of each ticket."""

LINKS = f"""
    update survey_responses set ticket_id = 'zendesk:' || {ticket_number("ticket_id")}
    where ticket_id is not null;
    update account_keys set
        source_system = 'zendesk', source_key = {organization("account_id")}::varchar
    where source_system = 'help_desk'
"""
"""Other surveys name the tickets of Zendesk. Where a person linked the help desk, the link is to Zendesk."""


def objects(connection: duckdb.DuckDBPyConnection, company: Company) -> Mapping[str, str]:
    """Return a query per object. Creates the tables that they read, and spoils tickets of a messy company."""
    connection.execute(
        f"""
        create or replace table zendesk_accounts as
        select {ticket_number("ticket_id")}::varchar as source_key, account_id from tickets
        """
    )
    if company.is_messy:
        for table in ("tickets", "ticket_events"):
            spoil(connection, table, company.until, company.until)
    make_people(connection, company)
    _tickets(connection, company)
    _audits(connection, company)
    return {
        "tickets": _ticket_records(),
        "deleted_tickets": f"""
            select ticket as id, {utc("updated_at", TIME)} as deleted_at
            from zendesk_tickets where is_in_bin and version = 1 order by ticket
        """,
        "ticket_metrics": _metric_records(),
        "ticket_audits": _audit_records(company),
        "users": user_records(company),
        "organizations": organization_records(company),
        "satisfaction_ratings": rating_records(company),
        "survey_responses": response_records(company),
    }


def _tickets(connection: duckdb.DuckDBPyConnection, company: Company) -> None:
    """One row per ticket and version, with the ids of Zendesk. Older versions have the number 0.

    Agents delete spam. In a messy company, they also ask for help themselves.
    """
    versions = "select *, 1 as version from tickets"
    if company.is_messy:
        versions += f" union all select *, 0 from ({older_versions(connection, 'tickets')})"
    connection.execute(
        f"""
        create or replace table zendesk_tickets as
        select
            versions.*,
            {ticket_number("ticket_id")} as ticket,
            case when account_id is not null then {organization("account_id")} end as organization_id,
            case
                when ticket_id like 'UNKNOWN-%' and md5_number(ticket_id) % 2 = 0 then {agent("1")}
                else person
            end as requester_id,
            {agent(f"list_position({array(w.AGENTS)}, assignee_name)")} as assignee_id,
            is_deleted and md5_number(ticket_id) % 2 = 0 as is_in_bin
        from ({versions}) as versions
        left join zendesk_people as people on lower(versions.requester_email) = people.email
        """
    )


def _audits(connection: duckdb.DuckDBPyConnection, company: Company) -> None:
    """One row per update of a ticket: what one author did at one instant, ordered by part and number."""
    [(tickets,)] = connection.execute("select count(*) from zendesk_accounts").fetchall()
    for first in range(0, min(tickets + 1, 10_000_000), TICKETS_AT_ONCE):
        action = "insert into zendesk_audits" if first else "create or replace table zendesk_audits as"
        part = f"right(ticket_id, 7) between '{first:07}' and '{first + TICKETS_AT_ONCE - 1:07}'"
        connection.execute(f"{action} {_audits_of(part, company)}")


def _audits_of(part: str, company: Company) -> str:
    """Return a query for the audits of the tickets for which a condition holds."""
    return f"""
        with changes as (
            select distinct
                {event_number("event_id")} as event,
                {ticket_number("ticket_id")} as ticket,
                occurred_at,
                event_type,
                {word_of(STATUSES, "status")} as status,
                case author_kind
                    when 'agent' then {agent(digits("author_id"))}
                    when 'requester' then {person(digits("author_id"))}
                    else {AUTOMATION}
                end as author
            from ticket_events where occurred_at < timestamp '{company.until}' and {part}
        ),

        assigned as (
            select ticket, assignee_id from zendesk_tickets where version = 1 and {part}
        )

        select
            min(event) + 50000000000 as audit,
            ticket,
            occurred_at,
            author,
            list({{
                'id': event,
                'type': case
                    when event_type like '%comment' then 'Comment' when status = 'new' then 'Create'
                    else 'Change'
                end,
                'public': case event_type
                    when 'public_comment' then true when 'private_comment' then false
                end,
                'field_name': case event_type
                    when 'status' then 'status' when 'assignment' then 'assignee_id'
                end,
                'value': case event_type
                    when 'status' then status when 'assignment' then assignee_id::varchar
                end
            }} order by event) as events
        from changes left join assigned using (ticket)
        group by ticket, occurred_at, author
        order by audit
    """


def _ticket_records() -> str:
    is_scrubbed = "(is_spam or (is_deleted and not is_in_bin))"
    return f"""
        select
            ticket as id,
            case when {is_scrubbed} then 'SCRUBBED' else subject end as subject,
            {{'channel': {word_of(CHANNELS, "channel")}}} as via,
            priority,
            {word_of(TYPES, "category")} as type,
            case when {is_scrubbed} then 'deleted' else {word_of(STATUSES, "status")} end as status,
            organization_id,
            requester_id,
            assignee_id,
            case when merged_into_ticket_id is null then [] else ['closed_by_merge'] end as tags,
            {utc("created_at", TIME)} as created_at,
            {utc("updated_at", TIME)} as updated_at,
            {epoch("updated_at")} as generated_timestamp
        from zendesk_tickets order by ticket, version
    """


def _metric_records() -> str:
    """Zendesk counts whole minutes, and nothing for deleted tickets."""

    def minutes(moment: str) -> str:
        known = f"case when {moment} >= created_at then datesub('minute', created_at, {moment}) end"
        return f"{{'calendar': {known}}}"

    return f"""
        select
            ticket + 10000000000 as id,
            ticket as ticket_id,
            reopens,
            agent_replies as replies,
            {minutes("first_replied_at")} as reply_time_in_minutes,
            {minutes("first_solved_at")} as first_resolution_time_in_minutes,
            {minutes("solved_at")} as full_resolution_time_in_minutes,
            {utc("solved_at", TIME)} as solved_at,
            {utc("updated_at", TIME)} as updated_at
        from zendesk_tickets where version = 1 and not is_deleted and not is_spam order by ticket
    """


def _audit_records(company: Company) -> str:
    """Some audits of a messy company are delivered twice."""
    return f"""
        select
            audit as id,
            ticket as ticket_id,
            {utc("occurred_at", TIME)} as created_at,
            author as author_id,
            {{'channel': case author when {AUTOMATION} then 'rule' else 'web' end}} as via,
            events
        from zendesk_audits, (select unnest([1, 2]) as delivery)
        where delivery = 1 or ({company.one_in(40, "audit::varchar")})
    """
