"""The SQL that makes aggregates of usage events from delivered rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from orchestration.core.database import quote_literal
from orchestration.dbt_runner.landing_contract import Ties, UsageColumns
from orchestration.dbt_runner.pseudonyms import pseudonym_sql, published_sql
from orchestration.landing.reading_policies import ReadingPolicies

_TIE_COLUMNS = ("user_id", "visitor_id", "email", "group_id", "group_domain")

_SECONDS = 2**34 - 1
"""The last second, in the year 2514, that fits into a rank."""


def identified_sql(
    usage: UsageColumns, told_apart_by: Sequence[str], rows: str, event_key: str = "hash"
) -> str:
    """Return SQL of delivered rows with the key of their event, and a rank among its copies.

    `event_key` is the function that makes a key of the columns that identify an event.

    A copy that names the user comes first, then the earliest one. Equal ranks are equal copies. An event that
    happened after it was received happened when it was received.
    """
    apart = "".join(f", {sql}" for sql in told_apart_by)
    ties = usage.ties or Ties(where="false")
    values = (ties.user_id, ties.visitor_id, ties.email, ties.group_id, ties.group_domain)
    tied = ", ".join(
        f"case when {ties.where} then cast({value} as varchar) end as tie_{name}"
        for name, value in zip(_TIE_COLUMNS, values, strict=True)
    )
    received_at = f"cast({usage.received_at} as timestamp)"
    facts = ", ".join(
        ["user_id", "event_name", "account_id", "visitor_id", *(f"tie_{name}" for name in _TIE_COLUMNS)]
    )
    second = "cast(epoch(date_trunc('second', occurred_at)) as bigint)"
    second = f"cast(least(greatest({second}, 0), {_SECONDS}) as bigint)"
    return (
        "select *, (cast(user_id is null as bigint) << 62) | "
        f"({second} << 28) | cast(hash({facts}) >> 36 as bigint) as rank from ("
        f"select {event_key}({usage.event_id}{apart}) as event_key, {usage.account_id} as account_id, "
        f"cast({usage.user_id} as varchar) as user_id, "
        f"case when {usage.user_id} is null then cast({usage.visitor_id} as varchar) end as visitor_id, "
        f"{usage.event_name} as event_name, least({usage.occurred_at}, {received_at}) as occurred_at, "
        f"coalesce({usage.occurred_at} > {received_at}, false) as is_after_receipt, "
        f"coalesce({usage.where}, false) as is_event, "
        f"coalesce({usage.only_listed}, false) as needs_listing, "
        f"coalesce({ties.where}, false) as is_tie, {tied} "
        f"from (select *, {usage.kind} as kind from ({rows}))) "
        f"where occurred_at is not null{'' if usage.ties else ' and is_event'}"
    )


def classified_sql(events: str, policies: ReadingPolicies, until: datetime | None) -> str:
    """Return SQL of events with their day, whether they count, and whether they lie before `until`."""
    key = "coalesce(user_id, visitor_id)"
    user = published_sql(key, pseudonym_sql(key))
    day = _local("occurred_at", policies.timezone)
    known = "true" if until is None else f"occurred_at <= timestamp '{until}'"
    return (
        f"select *, cast({day} as date) as day, not is_ignored and not "
        f"{_is_among('event_name', policies.uncounted_events)} and (not needs_listing or "
        f"{_is_among('event_name', policies.listed_events)}) as is_counted from ("
        f"select *, {_is_among(user, policies.ignored_users)} as is_ignored, "
        f"{known} as is_known from ({events}))"
    )


def session_parts_sql(events: str, gap: int, origin: str) -> str:
    """Return SQL with one row per person, day and stretch of counted events at most `gap` minutes apart.

    Events without a person make one row per account and day.
    """
    day = "partition by account_id, user_id, visitor_id, day, is_known order by occurred_at"
    is_new = (
        "coalesce(user_id, visitor_id) is not null and "
        f"occurred_at > lag(occurred_at) over ({day}) + interval {gap} minute"
    )
    return (
        f"with stretches as (select *, sum(cast(is_new as integer)) over ({day} rows unbounded preceding) "
        f"as number from (select *, coalesce({is_new}, false) as is_new from ({events}) "
        "where is_event and is_counted)) "
        "select account_id, user_id, visitor_id, day as occurred_on, min(occurred_at) as started_at, "
        f"max(occurred_at) as ended_at, count(*) as events, {origin} "
        "from stretches group by account_id, user_id, visitor_id, day, is_known, number"
    )


def event_weeks_sql(events: str, ties: Ties | None, origin: str) -> str:
    """Return SQL with one row per account, event name and week that begins on Monday.

    With `ties`, the models find users and accounts, so there is a row for each person.
    """
    person = "user_id, visitor_id"
    if not ties:
        person = "cast(null as varchar) as user_id, cast(null as varchar) as visitor_id"
    return (
        f"select account_id, {person}, event_name, "
        "cast(date_trunc('week', day) as date) as week, is_counted, "
        "min(occurred_at) as first_at, max(occurred_at) as last_at, count(*) as events, "
        "count(*) filter (user_id is null) as events_without_user, "
        "count(*) filter (is_ignored) as events_of_ignored_users, "
        f"count(*) filter (is_after_receipt) as events_after_receipt, {origin} "
        f"from ({events}) where is_event group by account_id, {'user_id, visitor_id, ' if ties else ''}"
        "event_name, date_trunc('week', day), is_counted, is_known"
    )


def ties_sql(events: str, ties: Ties, origin: str) -> str:
    """Return SQL with one row per different tie. `calls` counts the rows behind it that are no events."""
    columns = ", ".join(f"tie_{name}" for name in _TIE_COLUMNS)
    named = ", ".join(f"tie_{name} as {name}" for name in _TIE_COLUMNS)
    return (
        f"select {named}, {ties.precedence} as precedence, min(occurred_at) as first_at, "
        f"count(*) filter (not is_event) as calls, {origin} "
        f"from ({events}) where is_tie or not is_event group by {columns}"
    )


def _is_among(sql: str, values: Sequence[str]) -> str:
    listed = ", ".join(quote_literal(value) for value in values)
    return f"coalesce({sql} in ({listed}), false)" if values else "false"


def _local(instant: str, zone: str) -> str:
    return instant if zone == "UTC" else f"timezone({quote_literal(zone)}, timezone('UTC', {instant}))"
