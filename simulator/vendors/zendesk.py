"""Tickets, their history, persons and CSAT answers as objects of Zendesk's API.

The company changes to the newer CSAT survey during its last year. The older one knows good and bad, and the
newer one tells nothing of surveys without an answer.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from simulator import wording as w
from simulator.desk import AGENTS
from simulator.expressions import ORDER, array
from simulator.messy import older_versions, spoil
from simulator.vendors.ids import Company, epoch, merged_key, utc

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_TICKETS = ("T", "SPAM", "DUP", "UNKNOWN", "DEL", "GONE")
_EVENTS = ("EARLY", "V", "STRAY", "FUTURE")
"""How the ids of the plain exports begin. Zendesk numbers its records."""
_CHANNELS = {"phone": "voice"}
TYPES = {
    "how_to": "question",
    "bug": "incident",
    "billing": "question",
    "access": "problem",
    "feature_request": "task",
}
_STATUSES = {"on_hold": "hold"}
_AUTOMATION = -1
_NEWER_SURVEY_MONTHS = 12

TRUTH = "from zendesk_accounts order by source_key"
"""The account of each ticket."""


def ticket_number(text: str) -> str:
    """Return SQL of the number of a ticket. All have ten digits."""
    return f"({_kind(_TICKETS, text)} * 1000000000 + {_digits(text)})"


def event_number(text: str) -> str:
    """Return SQL of the number of an event. All have eleven digits, so that their texts keep the order."""
    return f"({_kind(_EVENTS, text)} * 10000000000 + {_digits(text)})"


def rating_number(row: str) -> str:
    """Return SQL of the id of an answer to the older survey."""
    return f"(350000000000 + {_digits(row)})"


def response_key(row: str) -> str:
    """Return SQL of the id of an answer to the newer survey."""
    return f"('01J' || upper(left(md5({row}), 23)))"


def is_newer(company_until: str, sent_at: str) -> str:
    """Return SQL that holds for a survey of the newer kind."""
    return f"({sent_at} >= timestamp '{company_until}' - interval {_NEWER_SURVEY_MONTHS} month)"


def word_of(words: Mapping[str, str], text: str) -> str:
    """Return SQL of Zendesk's word, which is the text itself if it has none of its own."""
    cases = " ".join(f"when '{ours}' then '{theirs}'" for ours, theirs in words.items())
    return f"case {text} {cases} else {text} end"


def channel_of(text: str) -> str:
    return word_of(_CHANNELS, text)


def type_of(text: str) -> str:
    return word_of(TYPES, text)


def _organization(account: str) -> str:
    return f"(360000000000 + {_digits(account)})"


def _agent(number: str) -> str:
    return f"(9000000000 + {number})"


def _kind(kinds: tuple[str, ...], text: str) -> str:
    return f"list_position({array(kinds)}, split_part({text}, '-', 1))::bigint"


def _digits(text: str) -> str:
    return f"regexp_extract({text}, '[0-9]+$')::bigint"


LINKS = f"""
    update survey_responses set ticket_id = 'zendesk:' || {ticket_number("ticket_id")} where ticket_id is not null;
    update account_keys set
        source_system = 'zendesk', source_key = {_organization("account_id")}::varchar
    where source_system = 'help_desk'
"""
"""Other surveys name the tickets of Zendesk. Where a person linked the help desk, the key is that of Zendesk."""


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
    _people(connection, company)
    _tickets(connection, company)
    _audits(connection, company)
    return {
        "tickets": _ticket_records(),
        "deleted_tickets": f"""
            select ticket as id, {utc("updated_at", _TIME)} as deleted_at
            from zendesk_tickets where is_in_bin and version = 1 order by ticket
        """,
        "ticket_metrics": _metric_records(),
        "ticket_audits": _audit_records(company),
        "users": _user_records(company),
        "organizations": _organization_records(company),
        "satisfaction_ratings": _rating_records(company),
        "survey_responses": _response_records(company),
    }


def _people(connection: duckdb.DuckDBPyConnection, company: Company) -> None:
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
            370000000000 + coalesce(contacts.{ORDER}, 900000000 + length(addresses.email)) as person,
            case when not ({company.one_in(7, "addresses.email")}) then {_organization("account_id")} end
                as organization,
            coalesce(contacts.created_at, timestamp '{company.until}' - interval 1 month) as created_at
        from addresses left join contacts on addresses.email = lower(contacts.email)
        """
    )


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
            case when account_id is not null then {_organization("account_id")} end as organization_id,
            case
                when ticket_id like 'UNKNOWN-%' and md5_number(ticket_id) % 2 = 0 then {_agent("1")}
                else person
            end as requester_id,
            {_agent(f"list_position({array(w.AGENTS)}, assignee_name)")} as assignee_id,
            is_deleted and md5_number(ticket_id) % 2 = 0 as is_in_bin
        from ({versions}) as versions
        left join zendesk_people as people on lower(versions.requester_email) = people.email
        """
    )


def _audits(connection: duckdb.DuckDBPyConnection, company: Company) -> None:
    """One row per update of a ticket: what one author did at one instant."""
    connection.execute(
        f"""
        create or replace table zendesk_audits as
        with changes as (
            select distinct
                {event_number("event_id")} as event,
                {ticket_number("ticket_id")} as ticket,
                ticket_id,
                occurred_at,
                event_type,
                {word_of(_STATUSES, "status")} as status,
                case author_kind
                    when 'agent' then {_agent(_digits("author_id"))}
                    when 'requester' then 370000000000 + {_digits("author_id")}
                    else {_AUTOMATION}
                end as author
            from ticket_events where occurred_at < timestamp '{company.until}'
        ),

        assigned as (
            select ticket, assignee_id from zendesk_tickets where version = 1
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
                'public': case event_type when 'public_comment' then true when 'private_comment' then false end,
                'field_name': case event_type when 'status' then 'status' when 'assignment' then 'assignee_id' end,
                'value': case event_type
                    when 'status' then status when 'assignment' then assignee_id::varchar
                end
            }} order by event) as events
        from changes left join assigned using (ticket)
        group by ticket, occurred_at, author
        """
    )


def _ticket_records() -> str:
    is_scrubbed = "(is_spam or (is_deleted and not is_in_bin))"
    return f"""
        select
            ticket as id,
            case when {is_scrubbed} then 'SCRUBBED' else subject end as subject,
            {{'channel': {channel_of("channel")}}} as via,
            priority,
            {type_of("category")} as type,
            case when {is_scrubbed} then 'deleted' else {word_of(_STATUSES, "status")} end as status,
            organization_id,
            requester_id,
            assignee_id,
            case when merged_into_ticket_id is null then [] else ['closed_by_merge'] end as tags,
            {utc("created_at", _TIME)} as created_at,
            {utc("updated_at", _TIME)} as updated_at,
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
            {utc("solved_at", _TIME)} as solved_at,
            {utc("updated_at", _TIME)} as updated_at
        from zendesk_tickets where version = 1 and not is_deleted and not is_spam order by ticket
    """


def _audit_records(company: Company) -> str:
    """Some audits of a messy company are delivered twice."""
    return f"""
        select
            audit as id,
            ticket as ticket_id,
            {utc("occurred_at", _TIME)} as created_at,
            author as author_id,
            {{'channel': case author when {_AUTOMATION} then 'rule' else 'web' end}} as via,
            events
        from zendesk_audits, (select unnest([1, 2]) as delivery)
        where delivery = 1 or ({company.one_in(40, "audit::varchar")})
        order by audit
    """


def _user_records(company: Company) -> str:
    """Some addresses of a messy company are in capitals, and its last agent has left."""
    agents = f"select unnest(range(1, {AGENTS} + 1)) as agent"
    agent = f"""
        select
            {_agent("agent")} as id, {array(w.AGENTS)}[agent] as name, 'agent-' || agent || '@desk.example' as email,
            'agent' as role, null::bigint as organization_id, '2020-01-01T00:00:00Z' as updated_at
        from ({agents})
    """
    return f"""
        select
            person as id,
            coalesce(full_name, email) as name,
            case when {company.one_in(6, "'case' || email")} then upper(email) else email end as email,
            'end-user' as role,
            organization as organization_id,
            {utc("created_at", _TIME)} as updated_at
        from zendesk_people
        union all
        {agent}
        union all
        select * replace ('end-user' as role, '2020-06-01T00:00:00Z' as updated_at)
        from ({agent}) where {str(company.is_messy).lower()} and id = {_agent(str(AGENTS))}
        order by id, updated_at
    """


def _organization_records(company: Company) -> str:
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
            {_organization(account)} as id,
            account_name as name,
            case
                when {is_linked} or not ({has_key}) then null
                when {names_duplicate} then {merged_key(account)}
                else {company.account_key(account)}
            end as external_id,
            case when {has_domain} then [domain] else [] end as domain_names,
            {utc("created_at", _TIME)} as updated_at
        from accounts
        left join (select account_id from account_keys where source_system = 'help_desk') as links
            using (account_id)
        where account_id in (select account_id from zendesk_accounts)
        order by id
    """


def _rating_records(company: Company) -> str:
    """The older survey. In a messy company it has surveys that were not sent, and copies of newer answers."""
    older = f"not {is_newer(company.until, 'sent_at')}"
    answered = "case when score >= 4 then 'good' else 'bad' end"
    answered = f"case when score is null then 'offered' else {answered} end"
    number = _digits("response_id")
    return f"""
        with asked as (
            select *, {ticket_number("ticket_id")} as ticket, {is_newer(company.until, "sent_at")} as is_newer
            from survey_responses where survey_type = 'csat' and ticket_id is not null
        ),

        ratings as (
            select response_id, ticket, respondent_email, {answered} as score, sent_at as created_at,
                coalesce(responded_at, sent_at) as updated_at
            from asked
            where not is_newer or (score is not null and {company.one_in(5, "'copy' || response_id")})
            union all
            select response_id, ticket, respondent_email, 'offered', sent_at, sent_at
            from asked where not is_newer and score is not null and {company.one_in(25, "response_id")}
        )

        select
            350000000000 + {number} as id, ticket as ticket_id, person as requester_id, score,
            {utc("ratings.created_at", _TIME)} as created_at, {utc("ratings.updated_at", _TIME)} as updated_at
        from ratings inner join zendesk_people on respondent_email = email
        union all
        select
            351000000000 + {_digits("ticket_id")}, ticket, requester_id, 'unoffered',
            {utc("created_at", _TIME)}, {utc("created_at", _TIME)}
        from zendesk_tickets where version = 1 and requester_id is not null and {company.one_in(60, "ticket_id")}
        order by id, updated_at
    """


def _response_records(company: Company) -> str:
    """The newer survey tells only what was answered."""
    return f"""
        select
            {response_key("response_id")} as id,
            '01J58KJ9RAE0D2EK7HRVM7Z8F2' as survey_id,
            person as responder_id,
            ['zen:ticket:' || {ticket_number("ticket_id")}] as subject_zrns,
            [{{
                'type': 'rating_scale', 'rating': score::bigint, 'question': {{'id': 'rating'}},
                'updated_at': {utc("responded_at", _TIME)}
            }}] as answers
        from survey_responses inner join zendesk_people on respondent_email = email
        where
            survey_type = 'csat' and ticket_id is not null and score is not null
            and {is_newer(company.until, "sent_at")}
        order by {ORDER}
    """
