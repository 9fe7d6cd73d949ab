-- one row per user of Pipedrive, in its latest version
{{ config(enabled='pipedrive' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('pipedrive', 'users'), ['id'], 'modified', is_vendor=true) }}
)

select
    id as user_id,
    name as full_name,
    _batch_id,
    _loaded_at
from latest_versions
