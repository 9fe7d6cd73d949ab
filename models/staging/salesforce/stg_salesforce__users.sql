-- one row per user of Salesforce, in its latest version
{{ config(enabled='salesforce' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('salesforce', 'users'), ['id'], 'system_modstamp', is_vendor=true) }}
)

select
    id,
    {{ salesforce_id('id') }} as user_id,
    name as full_name,
    _batch_id,
    _loaded_at
from latest_versions
