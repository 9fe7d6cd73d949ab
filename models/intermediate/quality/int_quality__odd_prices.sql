-- one row per subscription period whose price is far from the usual one of its plan
with periods as (
    select
        *,
        -- Near enough to tell fifty times apart.
        cast(unit_price as double) / interval_count * case interval_unit
            when 'day' then 30.4
            when 'week' then 4.33
            when 'month' then 1
            else 0.0833
        end as monthly_price
    from {{ ref('int_quality__periods') }}
    where unit_price > 0
),

-- Three prices are the least that show what is usual.
usual as (
    select
        plan_id,
        currency,
        {{ median('monthly_price') }} as monthly_price
    from periods
    group by plan_id, currency
    having count(*) >= 3
)

select
    periods.subscription_id,
    case when periods.is_running then periods.mrr end as mrr
from periods
inner join usual
    on
        periods.plan_id = usual.plan_id
        and periods.currency = usual.currency
where
    periods.monthly_price >= 50 * usual.monthly_price
    or 50 * periods.monthly_price <= usual.monthly_price
