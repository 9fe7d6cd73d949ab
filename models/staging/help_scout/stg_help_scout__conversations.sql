-- one row per conversation of Help Scout, in its latest version
{{ config(enabled='help_scout' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('help_scout', 'conversations'), ['id'], 'user_updated_at', is_vendor=true) }}
)

select
    id as conversation_id,
    lower(type) as channel,
    lower(status) as status,
    coalesce(lower(state) = 'draft', false) as is_draft,
    nullif(trim(primary_customer_id), '') as customer_id,
    nullif(trim(primary_customer_email), '') as email,
    created_at,
    closed_at,
    user_updated_at as updated_at,
    coalesce(_is_deleted, false) or coalesce(lower(state) = 'deleted', false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
