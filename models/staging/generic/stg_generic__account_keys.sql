-- one row per key of another system, in its latest version
with latest_versions as (
    {{ latest_version(source('generic', 'account_keys'), ['source_system', 'source_key']) }}
),

renamed as (
    select
        source_system,
        source_key,
        account_id,
        _batch_id,
        _loaded_at
    from latest_versions
)

select * from renamed
