-- one row per event in an audit of a ticket of Zendesk, in its latest version
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('zendesk', 'audit_events'), ['id'], is_vendor=true) }}
)

select
    id as event_id,
    ticket_id,
    created_at as occurred_at,
    case
        when type = 'Comment' then 'comment'
        when type in ('Create', 'Change') and field_name = 'status' then 'status'
        when type in ('Create', 'Change') and field_name = 'assignee_id' and nullif(value, '') is not null
            then 'assignment'
    end as event_kind,
    case when field_name = 'status' then lower(value) end as status,
    case when type = 'Comment' then coalesce(public, true) end as is_public,
    coalesce(nullif(trim(author_id), ''), nullif(trim(audit_author_id), '')) as author_id,
    lower(via_channel) as via_channel,
    _batch_id,
    _loaded_at
from latest_versions
