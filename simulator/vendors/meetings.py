"""Calls as Gong lists them: with their parties, and the account that it found in the CRM."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from simulator.expressions import ORDER
from simulator.vendors.ids import Company, merged_key, utc

_TIME = "%Y-%m-%dT%H:%M:%S+00:00"
_TITLES = {
    "onboarding": "Kick-off",
    "check_in": "Monthly check-in",
    "qbr": "QBR",
    "renewal": "Renewal",
    "support": "Troubleshooting",
}
_STAFF = "{'emailAddress': 'kim@csw.example', 'name': 'Kim', 'affiliation': 'Internal'}"


def objects(connection: duckdb.DuckDBPyConnection, company: Company) -> Mapping[str, str]:
    """Return a query per object. Creates the table that it reads.

    In a messy company, Gong did not find the account of every call, or found a merged duplicate. The staff
    also meets alone.
    """
    titles = " ".join(f"when '{kind}' then '{title}'" for kind, title in _TITLES.items())
    knows_only_people = f"contact_email is not null and {company.one_in(3, 'call_id')}"
    names_duplicate = f"{company.has_salesforce} and {company.has_duplicate('account_id')}"
    connection.execute(
        f"""
        create or replace table recorded_calls as
        with people as (
            select account_id, min(contacts.email) as contact_email
            from contacts inner join accounts using (account_id)
            where split_part(contacts.email, '@', 2) = accounts.domain and not accounts.is_internal
            group by account_id
            having max(accounts.domain) not in (
                select domain from accounts where domain is not null group by domain having count(*) > 1
            )
        )

        select
            {ORDER},
            '7700000' || right(call_id, 7) as id,
            held_at,
            minutes,
            case kind {titles} else 'Talk' end as title,
            contact_email,
            case
                when {knows_only_people} then null
                when {names_duplicate} then {merged_key("account_id")}
                else {company.account_key("account_id")}
            end as account
        from calls left join people using (account_id)
        """
    )
    if company.is_messy:
        connection.execute(
            f"""
            insert into recorded_calls
            select
                {ORDER} + 1000000, '8' || substr(id, 2), held_at + interval 3 hour, 15, 'Stand-up', null, null
            from recorded_calls where id like '%7'
            """
        )
    return {
        "calls": f"""
            select
                {{
                    'id': id,
                    'title': title,
                    'started': {utc("held_at", _TIME)},
                    'duration': (minutes * 60)::bigint
                }} as "metaData",
                case
                    when contact_email is null then [{_STAFF}]
                    else [
                        {_STAFF}, {{'emailAddress': contact_email, 'name': null, 'affiliation': 'External'}}
                    ]
                end as parties,
                case
                    when account is null then []
                    else [{{'system': 'CRM', 'objects': [{{'objectType': 'Account', 'objectId': account}}]}}]
                end as context
            from recorded_calls order by {ORDER}
        """,
    }
