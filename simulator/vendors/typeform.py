"""Answers to NPS surveys as objects of Typeform's API, which does not know the invitations."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from simulator.expressions import ORDER
from simulator.vendors.ids import Company, utc

_TIME = "%Y-%m-%dT%H:%M:%SZ"

LINKS = "update survey_responses set respondent_id = null where survey_type = 'nps'"
"""The invitations that stay in the plain exports name a person as the answers do: by address."""


def objects(connection: duckdb.DuckDBPyConnection, company: Company) -> Mapping[str, str]:
    """Return a query per object."""
    answer = (
        "{'field': {'id': 'nps', 'type': 'nps', 'ref': 'nps'}, 'type': 'number', 'number': score::integer}"
    )
    return {
        "responses": f"""
            select
                response_id as token,
                response_id as landing_id,
                'nps' as form_id,
                'completed' as response_type,
                {utc("responded_at", _TIME)} as landed_at,
                {utc("responded_at", _TIME)} as submitted_at,
                {{
                    'email': respondent_email,
                    'account_id': case
                        when not ({company.one_in(2, "response_id")}) then {company.account_key("account_id")}
                    end
                }} as hidden,
                [{answer}] as answers
            from survey_responses where survey_type = 'nps' and score is not null order by {ORDER}
        """,
    }
