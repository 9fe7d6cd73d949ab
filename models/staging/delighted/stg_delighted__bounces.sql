-- one row per person whose address bounced, in its latest version
{{ config(enabled='delighted' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('delighted', 'bounces'), ['person_id'], 'bounced_at', is_vendor=true) }}
)

select
    person_id,
    bounced_at,
    _batch_id,
    _loaded_at
from latest_versions
