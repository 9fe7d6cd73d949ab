-- one row per pipeline of HubSpot, in its latest version
{{ config(enabled='hubspot' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('hubspot', 'pipelines'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as pipeline_id,
    _batch_id,
    _loaded_at
from latest_versions
