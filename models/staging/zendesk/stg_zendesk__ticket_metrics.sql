-- one row per ticket of Zendesk with figures of the vendor, in their latest version
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('zendesk', 'ticket_metrics'), ['ticket_id'], 'updated_at', is_vendor=true) }}
)

select
    ticket_id,
    reopens,
    replies,
    solved_at,
    cast(reply_time_in_minutes_calendar as integer) as first_reply_minutes,
    cast(first_resolution_time_in_minutes_calendar as integer) as first_resolution_minutes,
    cast(full_resolution_time_in_minutes_calendar as integer) as full_resolution_minutes,
    cast(requester_wait_time_in_minutes_calendar as decimal(18, 4)) as requester_wait_minutes,
    cast(agent_wait_time_in_minutes_calendar as decimal(18, 4)) as agent_wait_minutes,
    _batch_id,
    _loaded_at
from latest_versions
