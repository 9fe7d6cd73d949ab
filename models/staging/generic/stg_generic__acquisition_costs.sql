-- one row per month and channel as delivered, in its latest version
with latest as (
    {{ latest_version(source('generic', 'acquisition_costs'), ['month', 'channel']) }}
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
