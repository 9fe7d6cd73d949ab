-- one row per ticket of Freshdesk, in its latest version
{{ config(enabled='freshdesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('freshdesk', 'tickets'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as ticket_id,
    nullif(trim(status), '') as status,
    case priority
        when '1' then 'low'
        when '2' then 'medium'
        when '3' then 'high'
        when '4' then 'urgent'
    end as priority,
    nullif(trim(type), '') as ticket_type,
    case source
        when '1' then 'email'
        when '2' then 'portal'
        when '3' then 'phone'
        when '7' then 'chat'
        when '9' then 'feedback_widget'
        when '10' then 'outbound_email'
        else source
    end as channel,
    nullif(trim(company_id), '') as company_id,
    nullif(trim(requester_id), '') as requester_id,
    is_escalated,
    coalesce(spam, false) as is_spam,
    created_at,
    updated_at,
    stats_first_responded_at as first_responded_at,
    stats_resolved_at as resolved_at,
    stats_closed_at as closed_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
