-- one row per delivered row of a subscription that has several lines and no item ids, with an item id for the line
-- Lines of one file that start together under different plans are separate items. They cannot be versions of one line,
-- because versions differ in updated_at.
{{ config(materialized='table') }}
with lines as (
    select
        _batch_id,
        _row,
        subscription_id,
        plan_id,
        period_start,
        coalesce(price_kind, 'recurring') as price_kind,
        updated_at
    from {{ source('generic', 'subscription_periods') }}
    where item_id is null
),

starts as (
    select
        subscription_id,
        count(distinct coalesce(plan_id, '')) as plans
    from lines
    group by subscription_id, _batch_id, period_start, price_kind, updated_at
),

multi_line_subscriptions as (
    select distinct subscription_id
    from starts
    where plans > 1
)

select
    lines._batch_id,
    lines._row,
    lines.subscription_id || coalesce(':' || lines.plan_id, '') as item_id
from lines
inner join multi_line_subscriptions on lines.subscription_id = multi_line_subscriptions.subscription_id
