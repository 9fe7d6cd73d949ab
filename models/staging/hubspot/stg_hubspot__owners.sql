-- one row per owner of HubSpot, in its latest version
{{ config(enabled='hubspot' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('hubspot', 'owners'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as owner_id,
    nullif(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), '') as full_name,
    _batch_id,
    _loaded_at
from latest_versions
