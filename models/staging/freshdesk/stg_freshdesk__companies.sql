-- one row per company of Freshdesk, in its latest version
{{ config(enabled='freshdesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('freshdesk', 'companies'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as organization_id,
    coalesce(_is_deleted, false) as is_deleted,
    _extra,
    _batch_id,
    _loaded_at
from latest_versions
