-- one row per organization of Zendesk, in its latest version
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('zendesk', 'organizations'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as organization_id,
    nullif(trim(external_id), '') as external_id,
    coalesce(_is_deleted, false) or deleted_at is not null as is_deleted,
    _extra,
    _batch_id,
    _loaded_at
from latest_versions
