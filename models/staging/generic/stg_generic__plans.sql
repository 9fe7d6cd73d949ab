-- one row per plan, in its latest version
with latest_versions as (
    {{ latest_version(source('generic', 'plans'), ['plan_id']) }}
),

renamed as (
    select
        plan_id,
        plan_name,
        product,
        tier,
        tier_rank,
        _batch_id,
        _loaded_at
    from latest_versions
)

select * from renamed
