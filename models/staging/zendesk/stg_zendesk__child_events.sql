-- one row per event in the incremental export of ticket events of Zendesk, in its latest version
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('zendesk', 'child_events'), ['id'], is_vendor=true) }}
)

select
    id as event_id,
    ticket_id,
    created_at as occurred_at,
    case
        when event_type = 'Comment' then 'comment'
        when event_type in ('Create', 'Change') and status is not null then 'status'
        when event_type in ('Create', 'Change') and nullif(assignee_id, '') is not null then 'assignment'
    end as event_kind,
    lower(status) as status,
    case when event_type = 'Comment' then coalesce(comment_public, true) end as is_public,
    coalesce(nullif(trim(author_id), ''), nullif(trim(audit_author_id), '')) as author_id,
    _batch_id,
    _loaded_at
from latest_versions
