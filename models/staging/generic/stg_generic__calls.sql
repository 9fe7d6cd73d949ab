-- one row per call, in its latest version
with latest_versions as (
    {{ latest_version(source('generic', 'calls'), ['call_id']) }}
),

renamed as (
    select
        call_id,
        account_id,
        held_at,
        minutes,
        kind as call_kind,
        _batch_id,
        _loaded_at
    from latest_versions
)

select * from renamed
