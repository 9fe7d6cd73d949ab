-- one row per surveyed person, in its latest version
{{ config(enabled='delighted' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('delighted', 'people'), ['id'], is_vendor=true) }}
)

select
    id as person_id,
    email,
    _batch_id,
    _loaded_at
from latest_versions
