-- one row per subscription period whose price is far from the usual one of its plan
with periods as (
    select * from {{ ref('int_quality__periods') }}
    where unit_price > 0
),

-- By currency and billing interval; three prices are the least that show what is usual.
usual as (
    select
        plan_id,
        currency,
        interval_unit,
        interval_count,
        {{ median('unit_price') }} as unit_price
    from periods
    group by plan_id, currency, interval_unit, interval_count
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
        and periods.interval_unit = usual.interval_unit
        and periods.interval_count = usual.interval_count
where
    periods.unit_price >= 50 * usual.unit_price
    or 50 * periods.unit_price <= usual.unit_price
