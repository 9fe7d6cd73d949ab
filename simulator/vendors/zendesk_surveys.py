"""CSAT answers of Zendesk. The company changes to the newer survey during its last year.

The older survey knows good and bad. The newer one tells nothing of surveys without an answer.
"""

from __future__ import annotations

from simulator.expressions import ORDER
from simulator.vendors.ids import Company, utc
from simulator.vendors.zendesk_ids import TIME, digits, ticket_number

_NEWER_SURVEY_MONTHS = 12


def rating_number(row: str) -> str:
    """Return SQL of the id of an answer to the older survey."""
    return f"(350000000000 + {digits(row)})"


def response_key(row: str) -> str:
    """Return SQL of the id of an answer to the newer survey."""
    return f"('01J' || upper(left(md5({row}), 23)))"


def is_newer(until: str, sent_at: str) -> str:
    """Return SQL that holds for a survey of the newer kind."""
    return f"({sent_at} >= timestamp '{until}' - interval {_NEWER_SURVEY_MONTHS} month)"


def rating_records(company: Company) -> str:
    """The older survey. In a messy company it has surveys that were not sent, and copies of newer answers."""
    answered = "case when score >= 4 then 'good' else 'bad' end"
    answered = f"case when score is null then 'offered' else {answered} end"
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
            {rating_number("response_id")} as id, ticket as ticket_id, person as requester_id, score,
            {utc("ratings.created_at", TIME)} as created_at, {utc("ratings.updated_at", TIME)} as updated_at
        from ratings inner join zendesk_people on respondent_email = email
        union all
        select
            351000000000 + {digits("ticket_id")}, ticket, requester_id, 'unoffered',
            {utc("created_at", TIME)}, {utc("created_at", TIME)}
        from zendesk_tickets
        where version = 1 and requester_id is not null and {company.one_in(60, "ticket_id")}
        order by id, updated_at
    """


def response_records(company: Company) -> str:
    """The newer survey tells only what was answered."""
    return f"""
        select
            {response_key("response_id")} as id,
            '01J58KJ9RAE0D2EK7HRVM7Z8F2' as survey_id,
            person as responder_id,
            ['zen:ticket:' || {ticket_number("ticket_id")}] as subject_zrns,
            [{{
                'type': 'rating_scale', 'rating': score::bigint, 'question': {{'id': 'rating'}},
                'updated_at': {utc("responded_at", TIME)}
            }}] as answers
        from survey_responses inner join zendesk_people on respondent_email = email
        where
            survey_type = 'csat' and ticket_id is not null and score is not null
            and {is_newer(company.until, "sent_at")}
        order by {ORDER}
    """
