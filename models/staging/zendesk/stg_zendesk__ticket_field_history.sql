-- one row per ticket of Zendesk, field and time of a change
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('zendesk', 'ticket_field_history'), ['ticket_id', 'field_name', 'updated'], is_vendor=true
    ) }}
)

select
    ticket_id,
    field_name,
    updated as occurred_at,
    case
        when field_name = 'status' then 'status'
        when field_name = 'assignee_id' and nullif(value, '') is not null then 'assignment'
    end as event_kind,
    case when field_name = 'status' then lower(value) end as status,
    nullif(trim(user_id), '') as author_id,
    _batch_id,
    _loaded_at
from latest_versions
