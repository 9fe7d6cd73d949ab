-- one row per subscription with a price that is far from the usual price of its plan
with periods as (
    select
        *,
        -- An approximation is enough to find a factor of fifty.
        cast(unit_price as double) / interval_count * case interval_unit
            when 'day' then 30.4
            when 'week' then 4.33
            when 'month' then 1
            else 0.0833
        end as monthly_price
    from {{ ref('int_quality__periods') }}
    where unit_price > 0
),

-- The usual price of a plan is known from three prices on.
usual_prices as (
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
    count(*) as periods,
    cast(sum(case when periods.is_running then periods.mrr end) as decimal(18, 4)) as mrr
from periods
inner join usual_prices
    on
        periods.plan_id = usual_prices.plan_id
        and periods.currency = usual_prices.currency
where
    periods.monthly_price >= 50 * usual_prices.monthly_price
    or 50 * periods.monthly_price <= usual_prices.monthly_price
group by periods.subscription_id
