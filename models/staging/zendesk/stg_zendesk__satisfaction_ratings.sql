-- one row per offer of the older CSAT survey of Zendesk, in its latest version
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('zendesk', 'satisfaction_ratings'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as rating_id,
    ticket_id,
    requester_id,
    lower(score) as rating,
    created_at,
    updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
