-- one row per cost in the latest delivery of its month and channel; exact repeats count once
with costs as (
    select
        *,
        max(_loaded_at) over (partition by month, channel) as latest_at,
        row_number() over (
            partition by month, channel, amount, currency, _extra, _batch_id
            order by _row
        ) as repetition
    from {{ source('generic', 'acquisition_costs') }}
),

-- A file may hold several costs of a month and channel, and each counts. A later file replaces all of them.
latest_costs as (
    select * from costs
    where
        _loaded_at = latest_at
        and repetition = 1
),

renamed as (
    select
        month,
        channel,
        amount,
        upper(currency) as currency,
        _batch_id,
        _row,
        _loaded_at
    from latest_costs
)

select * from renamed
