-- one row per account and day from which a number of seats applies, in its latest version
with latest_versions as (
    {{ latest_version(source('generic', 'seats'), ['account_id', 'effective_on']) }}
),

renamed as (
    select
        account_id,
        effective_on,
        seats_paid,
        _batch_id,
        _loaded_at
    from latest_versions
)

select * from renamed
