-- one row per subscription item, instant at which its MRR or its terms change, and currency; in the item's own currency
{%- set item = 'source_system, subscription_id, item_id' %}
with segments as (
    select * from {{ ref('int_revenue__item_segments') }}
),

neighbours as (
    select
        *,
        coalesce(
            lag(ends_at) over item_in_time = starts_at
            and lag(currency) over item_in_time = currency
            and lag(account_id) over item_in_time = account_id,
            false
        ) as continues,
        coalesce(
            lead(starts_at) over item_in_time = ends_at
            and lead(currency) over item_in_time = currency
            and lead(account_id) over item_in_time = account_id,
            false
        ) as is_continued,
        lag(plan_id) over item_in_time as previous_plan_id,
        lag(quantity) over item_in_time as previous_quantity,
        lag(unit_amount) over item_in_time as previous_unit_amount,
        lag(interval_unit) over item_in_time as previous_interval_unit,
        lag(interval_count) over item_in_time as previous_interval_count,
        lag(list_mrr) over item_in_time as previous_list_mrr,
        lag(discount_mrr) over item_in_time as previous_discount_mrr,
        lag(mrr) over item_in_time as previous_mrr
    from segments
    window item_in_time as (partition by {{ item }} order by starts_at)
),

starts as (
    select
        {{ item }},
        account_id,
        currency,
        starts_at as occurred_at,
        cast(null as varchar) as plan_before,
        plan_id as plan_after,
        cast(0 as decimal(18, 4)) as mrr_before,
        mrr as mrr_after,
        list_mrr as volume_mrr,
        cast(0 as decimal(18, 4)) as price_mrr,
        -discount_mrr as discount_mrr,
        cast(null as varchar) as end_kind,
        cast(null as varchar) as end_reason,
        _batch_id
    from neighbours
    where not continues
),

-- More units at the old price, then the new price on all units.
repriced as (
    select
        *,
        case
            when quantity = previous_quantity then previous_list_mrr
            else {{ monthly_amount(
                'quantity * previous_unit_amount', 'previous_interval_unit', 'previous_interval_count'
            ) }}
        end as list_mrr_at_previous_price
    from neighbours
    where
        continues
        and (
            mrr <> previous_mrr
            or list_mrr <> previous_list_mrr
            or quantity <> previous_quantity
            or coalesce(plan_id, '') <> coalesce(previous_plan_id, '')
        )
),

revisions as (
    select
        {{ item }},
        account_id,
        currency,
        starts_at as occurred_at,
        previous_plan_id as plan_before,
        plan_id as plan_after,
        previous_mrr as mrr_before,
        mrr as mrr_after,
        list_mrr_at_previous_price - previous_list_mrr as volume_mrr,
        list_mrr - list_mrr_at_previous_price as price_mrr,
        previous_discount_mrr - discount_mrr as discount_mrr,
        cast(null as varchar) as end_kind,
        cast(null as varchar) as end_reason,
        _batch_id
    from repriced
),

ends as (
    select
        {{ item }},
        account_id,
        currency,
        ends_at as occurred_at,
        plan_id as plan_before,
        cast(null as varchar) as plan_after,
        mrr as mrr_before,
        cast(0 as decimal(18, 4)) as mrr_after,
        -list_mrr as volume_mrr,
        cast(0 as decimal(18, 4)) as price_mrr,
        discount_mrr,
        end_kind,
        end_reason,
        _batch_id
    from neighbours
    where
        ends_at is not null
        and not is_continued
),

changes as (
    select * from starts
    union all
    select * from revisions
    union all
    select * from ends
)

select
    *,
    mrr_after - mrr_before as mrr_change
from changes
where occurred_at <= {{ as_of() }}
