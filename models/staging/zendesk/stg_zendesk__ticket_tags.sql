-- one row per ticket of Zendesk and tag
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('zendesk', 'ticket_tags'), ['ticket_id', 'tag'], is_vendor=true) }}
)

select
    ticket_id,
    tag,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
