-- one row per subscription item, currency and booked movement of its account; balances in the item's own currency
{{ config(materialized='view') }}
{%- set item = 'source_system, subscription_id, item_id' %}
with changes as (
    select * from {{ ref('int_revenue__item_changes') }}
),

movement_groups as (
    select * from {{ ref('int_revenue__movement_groups') }}
),

booked as (
    select
        changes.*,
        movement_groups.booked_at
    from changes
    inner join movement_groups
        on
            changes.account_id = movement_groups.account_id
            and changes.occurred_at = movement_groups.occurred_at
),

netted as (
    select
        account_id,
        booked_at,
        {{ item }},
        currency,
        sum(mrr_change) as mrr_change,
        sum(volume_mrr) as volume_mrr,
        sum(price_mrr) as price_mrr,
        sum(discount_mrr) as discount_mrr,
        max_by(coalesce(plan_after, plan_before), occurred_at) as plan_id,
        max_by(end_kind, occurred_at) as end_kind,
        max_by(end_reason, occurred_at) as end_reason,
        max_by(_batch_id, occurred_at) as source_batch_id
    from booked
    group by account_id, booked_at, {{ item }}, currency
)

select
    account_id,
    booked_at,
    {{ item }},
    currency,
    cast(mrr_change as decimal(18, 4)) as mrr_change,
    cast(volume_mrr as decimal(18, 4)) as volume_mrr,
    cast(price_mrr as decimal(18, 4)) as price_mrr,
    cast(discount_mrr as decimal(18, 4)) as discount_mrr,
    plan_id,
    end_kind,
    end_reason,
    source_batch_id,
    cast(sum(mrr_change) over item_in_time as decimal(18, 4)) as mrr_after,
    lead(booked_at) over item_in_time as next_booked_at
from netted
window item_in_time as (
    partition by account_id, {{ item }}, currency
    order by booked_at
    rows between unbounded preceding and current row
)
