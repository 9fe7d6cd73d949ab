-- one row per stage of a pipeline of HubSpot
{{ config(enabled='hubspot' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('hubspot', 'pipeline_stages'), ['pipeline_id', 'id'], none, is_vendor=true) }}
)

select
    pipeline_id,
    id as stage_id,
    nullif(trim(metadata_probability), '') in ('1', '1.0', '1.00') as is_won,
    _batch_id,
    _loaded_at
from latest_versions
