-- one row per cost that the latest delivery of its month and channel has
with delivered as (
    select
        *,
        max(_loaded_at) over (partition by month, channel) as latest_at,
        row_number() over (
            partition by month, channel, amount, currency, _extra, _batch_id
            order by _row
        ) as repetition
    from {{ source('generic', 'acquisition_costs') }}
),

-- Two costs of one month and channel in a file are two costs; an exact repeat is none, and a later file replaces both.
latest as (
    select * from delivered
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
        _loaded_at
    from latest
)

select * from renamed
