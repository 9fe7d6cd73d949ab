-- one row per ticket in the bin of Zendesk, in its latest version
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('zendesk', 'deleted_tickets'), ['id'], 'deleted_at', is_vendor=true) }}
)

select
    id as ticket_id,
    deleted_at,
    _batch_id,
    _loaded_at
from latest_versions
