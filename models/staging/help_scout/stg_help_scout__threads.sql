-- one row per thread of a conversation of Help Scout, in its latest version
{{ config(enabled='help_scout' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('help_scout', 'threads'), ['id'], is_vendor=true) }}
)

select
    id as thread_id,
    conversation_id,
    lower(type) as thread_type,
    coalesce(lower(state) = 'draft', false) as is_draft,
    case lower(status)
        when 'active' then 'open'
        when 'pending' then 'pending'
        when 'closed' then 'solved'
    end as status,
    case lower(created_by_type)
        when 'user' then 'agent'
        when 'customer' then 'requester'
        when 'system_user' then 'automation'
    end as author_kind,
    nullif(trim(created_by_id), '') as author_id,
    created_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
