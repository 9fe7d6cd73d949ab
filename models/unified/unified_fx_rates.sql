-- one row per currency and day; a landed rate takes precedence over the seed
with landed as (
    select * from {{ ref('stg_generic__fx_rates') }}
),

seeded as (
    select * from {{ ref('fx_rates') }}
),

unified as (
    select
        coalesce(landed.currency, seeded.currency) as currency,
        coalesce(landed.rate_on, seeded.rate_on) as rate_on,
        coalesce(landed.rate, seeded.rate) as rate,
        landed._batch_id,
        landed._loaded_at
    from landed
    full outer join seeded
        on landed.currency = seeded.currency and landed.rate_on = seeded.rate_on
)

select * from unified
