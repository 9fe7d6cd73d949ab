-- one row per reply or note on a ticket of Freshdesk, in its latest version
{{ config(enabled='freshdesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('freshdesk', 'conversations'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as conversation_id,
    ticket_id,
    coalesce(private, false) as is_private,
    coalesce(incoming, false) as is_incoming,
    coalesce(source, '') = '6' as is_survey_feedback,
    nullif(trim(user_id), '') as user_id,
    created_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
