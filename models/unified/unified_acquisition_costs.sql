-- one row per month, channel and currency
with costs as (
    select
        *,
        {{ month_start(month_number('month')) }} as first_of_month
    from {{ ref('stg_generic__acquisition_costs') }}
),

-- Costs may arrive by week or by campaign. All costs within a month add up to the cost of the month.
unified as (
    select
        first_of_month as month,
        channel,
        cast(sum(amount) as decimal(18, 4)) as amount,
        currency,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from costs
    group by first_of_month, channel, currency
)

select * from unified
