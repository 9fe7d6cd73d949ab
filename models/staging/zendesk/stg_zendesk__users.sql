-- one row per user of Zendesk, in its latest version
{{ config(enabled='zendesk' in var('connectors')) }}
with versions as (
    select
        *,
        max(case when lower(role) in ('agent', 'admin') then 1 else 0 end) over (partition by id) = 1 as was_agent
    from {{ source('zendesk', 'users') }}
),

latest_versions as (
    {{ latest_version('versions', ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as user_id,
    nullif(trim(email), '') as email,
    nullif(trim(organization_id), '') as organization_id,
    was_agent,
    _batch_id,
    _loaded_at
from latest_versions
