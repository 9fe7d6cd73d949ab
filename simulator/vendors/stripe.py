"""Subscriptions and invoices as objects of Stripe's API, with all events since the first subscription."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from simulator.subscriptions import TRIAL_DAYS
from simulator.vendors.ids import Company, epoch, merged_key, price_id, stripe_id
from simulator.vendors.stripe_invoices import make_invoices

TRUTH = "select customer as source_key, account_id from stripe_customers order by customer"
"""The account of each customer."""


def objects(connection: duckdb.DuckDBPyConnection, company: Company) -> Mapping[str, str]:
    """Return a query per object. Creates the tables that they read."""
    _items(connection)
    _customers(connection, company)
    _snapshots(connection, company.until)
    make_invoices(connection)
    return {
        "customers": f"""
            select
                customer as id, 'customer' as object, email, true as livemode,
                case
                    when not has_link then null
                    when names_duplicate then {{'crm_id': {merged_key("account_id")}}}
                    else {{'crm_id': {company.account_key("account_id")}}}
                end as metadata
            from stripe_customers order by customer
        """,
        "products": """
            select 'prod_' || plan_id as id, 'product' as object, plan_name as name, true as active,
                true as livemode
            from plans order by plan_id
        """,
        "prices": "select unnest(price) from (select distinct price from stripe_items) order by price.id",
        "subscriptions": "select unnest(record) from stripe_snapshots where is_last order by record.id",
        "events": f"""
            select
                'evt_' || substr(md5(record.id || place), 1, 20) as id, 'event' as object,
                'customer.subscription.' || case
                    when place = 1 then 'created' when is_over then 'deleted' else 'updated'
                end as type,
                {epoch("moment")} as created,
                true as livemode,
                {{'object': record}} as data
            from stripe_snapshots order by moment, record.id, place
        """,
        "invoices": "select unnest(record) from stripe_invoices order by place",
        "refunds": """
            select unnest(refund) from stripe_invoices where refund is not null order by place
        """,
        "charges": """
            select unnest(charge) from stripe_invoices where refund is not null order by place
        """,
    }


def _items(connection: duckdb.DuckDBPyConnection) -> None:
    """One row per stretch of equal terms of an item, with its price.

    A subscription that ended does not come back. Its next run has an id of its own.
    """
    price = f"""{{
        'id': {price_id("periods")},
        'object': 'price',
        'product': 'prod_' || plan_id,
        'currency': lower(currency),
        'type': case price_kind when 'one_off' then 'one_time' else 'recurring' end,
        'billing_scheme': 'per_unit',
        'unit_amount': (unit_amount * 100)::bigint,
        'unit_amount_decimal': (unit_amount * 100)::bigint::varchar,
        'recurring': case when price_kind <> 'one_off' then {{
            'interval': "interval",
            'interval_count': interval_count,
            'usage_type': case price_kind when 'usage' then 'metered' else 'licensed' end
        }} end,
        'livemode': true
    }}"""
    connection.execute(
        f"""
        create or replace table stripe_items as
        with ended as (
            select *, coalesce(period_end, case when is_deleted then updated_at end) as ended_at
            from subscription_periods
        ),

        served as (
            select *, max(coalesce(ended_at, timestamp '9999-12-31')) over (
                partition by subscription_id order by period_start, ended_at
                rows between unbounded preceding and 1 preceding
            ) as served_until
            from ended
        ),

        runs as (
            select *, count(*) filter (period_start > served_until) over (
                partition by subscription_id order by period_start, ended_at
                rows between unbounded preceding and current row
            ) as run
            from served
        ),

        named as (
            select
                *,
                {stripe_id("sub", "subscription_id")} || case when run > 0 then 'r' || run else '' end
                    as subscription,
                {stripe_id("si", "item_id")} || case when run > 0 then 'r' || run else '' end as item
            from runs
        )

        select
            *, {price} as price,
            min(period_start) over (partition by item) as created_at,
            -- A one-time coupon has one amount. Here its amount follows the quantity.
            case
                when discount_kind = 'once' and count(*) over (partition by item, discount_kind) > 1
                    then 'repeating'
                else discount_kind
            end as coupon_kind
        from named as periods
        """
    )


def _customers(connection: duckdb.DuckDBPyConnection, company: Company) -> None:
    """One customer per account that billing knows. Two in three hold the id of the CRM.

    In a messy company it is one in three, and some hold the id of a merged duplicate. Addresses are a
    clerk's, of a free mail service, in capitals, or missing.
    """
    connection.execute(
        f"""
        create or replace table stripe_customers as
        select
            account_id,
            coalesce(keys.source_key, 'cus_' || substr(md5('own' || account_id), 1, 14)) as customer,
            keys.source_key is not null and not ({company.one_in(2, "'link' || account_id")}) as has_link,
            {company.has_salesforce} and {company.has_duplicate("account_id")} as names_duplicate,
            case
                when {company.one_in(4, "'clerk' || account_id")} then 'invoices@' || accounts.domain
                when {company.one_in(6, "'free' || account_id")} then left(md5(account_id), 8) || '@gmail.com'
                when {company.one_in(8, "'case' || account_id")} then upper(people.email)
                when {company.one_in(8, "'none' || account_id")} then null
                else people.email
            end as email
        from (
            select account_id from subscription_periods union select account_id from invoices
        )
        inner join accounts using (account_id)
        left join (select account_id, source_key from account_keys where source_system = 'billing') as keys
            using (account_id)
        left join (select account_id, arg_min(email, row_number) as email from contacts group by 1) as people
            using (account_id)
        """
    )


def _snapshots(connection: duckdb.DuckDBPyConnection, until: str) -> None:
    """One row per subscription and change, with the whole subscription after it."""
    item = f"""{{
        'id': item,
        'object': 'subscription_item',
        'subscription': subscription,
        'created': {epoch("created_at")},
        'quantity': case when price_kind = 'recurring' then quantity::bigint end,
        'price': price,
        'discounts': case when discount_amount is null then [] else [{{
            'id': 'di_' || substr(md5(item || period_start), 1, 20),
            'object': 'discount',
            'coupon': {{
                'id': 'co_' || substr(md5(item || period_start), 1, 20),
                'object': 'coupon',
                'duration': coupon_kind,
                'amount_off': (discount_amount * 100)::bigint,
                'currency': lower(currency)
            }},
            'start': {epoch("period_start")},
            'end': case when coupon_kind = 'repeating' then {epoch("ended_at")} end
        }}] end
    }}"""
    reasons = " ".join(
        f"when '{kind}' then '{reason}'"
        for kind, reason in (
            ("voluntary", "cancellation_requested"),
            ("involuntary", "payment_failed"),
            ("dispute", "payment_disputed"),
            ("internal", "canceled_by_retention_policy"),
        )
    )
    connection.execute(
        f"""
        create or replace table stripe_snapshots as
        with running as (
            select *, {item} as record from stripe_items where price_kind <> 'one_off'
        ),

        moments as (
            select subscription, period_start as moment from running
            union select subscription, ended_at from running where ended_at is not null
            union select subscription, cancel_requested_at from running where cancel_requested_at is not null
        ),

        known as (
            select *, row_number() over (partition by subscription order by moment) as place
            from moments where moment < timestamp '{until}'
        ),

        whole as (
            select
                subscription,
                any_value(account_id) as account_id,
                any_value(lower(currency)) as currency,
                min(period_start) as start_date,
                case when count(*) = count(ended_at) then max(ended_at) end as ended_at,
                min(case when status = 'trialing' then period_start end) as trial_start,
                max(coalesce(ended_at, period_start + interval {TRIAL_DAYS} day))
                    filter (status = 'trialing') as trial_end,
                arg_max(cancel_requested_at, period_start) as cancel_requested_at,
                arg_max(cancel_kind, period_start) as cancel_kind,
                arg_max(cancel_reason, period_start) as cancel_reason
            from running group by subscription
        ),

        at_moments as (
            select
                known.subscription,
                known.moment,
                known.place,
                coalesce(whole.ended_at <= known.moment, false) as is_over,
                coalesce(
                    list(running.record order by running.item) filter (running.item is not null), []
                ) as items,
                max(running.status) filter (running.status <> 'active') as status,
                bool_or(running.status = 'paused') as is_paused
            from known
            inner join whole using (subscription)
            left join running
                on
                    known.subscription = running.subscription
                    and running.period_start <= known.moment
                    and (
                        coalesce(known.moment < running.ended_at, true)
                        or (running.ended_at = known.moment and whole.ended_at = known.moment)
                    )
            group by all
        )

        select
            at_moments.moment,
            at_moments.place,
            at_moments.is_over,
            at_moments.place = max(at_moments.place) over (partition by at_moments.subscription) as is_last,
            {{
                'id': at_moments.subscription,
                'object': 'subscription',
                'customer': customers.customer,
                'currency': whole.currency,
                'status': case
                    when is_over and status = 'incomplete' then 'incomplete_expired'
                    when is_over then 'canceled'
                    when is_paused then 'active'
                    else coalesce(status, 'active')
                end,
                'livemode': true,
                'created': {epoch("whole.start_date")},
                'start_date': {epoch("whole.start_date")},
                'trial_start': {epoch("whole.trial_start")},
                'trial_end': {epoch("whole.trial_end")},
                'cancel_at_period_end': coalesce(cancel_requested_at <= moment, false) and not is_over,
                'canceled_at': case
                    when cancel_requested_at <= moment then {epoch("cancel_requested_at")}
                end,
                'ended_at': case when is_over then {epoch("whole.ended_at")} end,
                'cancellation_details': case when cancel_requested_at <= moment or is_over then {{
                    'reason': case cancel_kind {reasons} end,
                    'feedback': cancel_reason
                }} end,
                'pause_collection': case when is_paused then {{'behavior': 'void'}} end,
                'metadata': {{}}::json,
                'items': {{'object': 'list', 'has_more': false, 'data': at_moments.items}}
            }} as record
        from at_moments
        inner join whole using (subscription)
        inner join stripe_customers as customers using (account_id)
        """
    )
