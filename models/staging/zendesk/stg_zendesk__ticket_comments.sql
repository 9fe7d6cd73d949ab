-- one row per comment on a ticket of Zendesk, in its latest version
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('zendesk', 'ticket_comments'), ['id'], is_vendor=true) }}
)

select
    id as comment_id,
    ticket_id,
    nullif(trim(author_id), '') as author_id,
    coalesce(public, true) as is_public,
    lower(via_channel) as via_channel,
    created_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
