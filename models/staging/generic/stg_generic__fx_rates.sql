-- one row per currency and day, in its latest version
with latest_versions as (
    {{ latest_version(source('generic', 'fx_rates'), ['upper(currency)', 'rate_on']) }}
),

renamed as (
    select
        upper(currency) as currency,
        rate_on,
        rate,
        _batch_id,
        _loaded_at
    from latest_versions
)

select * from renamed
