-- one row per ticket of Zendesk, in its latest version
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('zendesk', 'tickets'), ['id'], latest('updated_at', 'generated_timestamp'), is_vendor=true
    ) }}
)

select
    id as ticket_id,
    lower(status) as status,
    lower(priority) as priority,
    lower(type) as ticket_type,
    via_channel,
    nullif(trim(organization_id), '') as organization_id,
    nullif(trim(requester_id), '') as requester_id,
    nullif(trim(assignee_id), '') as assignee_id,
    merged_ticket_ids,
    created_at,
    {{ latest('updated_at', 'generated_timestamp') }} as updated_at,
    coalesce(_is_deleted, false) or coalesce(lower(status) = 'deleted', false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
