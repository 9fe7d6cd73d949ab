-- one row per account and milestone, in its latest version
with named as (
    select
        *,
        lower(trim(milestone)) as milestone_name
    from {{ source('generic', 'milestones') }}
),

latest_versions as (
    {{ latest_version('named', ['account_id', 'milestone_name']) }}
),

renamed as (
    select
        account_id,
        milestone_name as milestone,
        target_on,
        reached_at,
        _batch_id,
        _loaded_at
    from latest_versions
)

select * from renamed
