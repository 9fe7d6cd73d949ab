-- one row per person who unsubscribed, in its latest version
{{ config(enabled='delighted' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('delighted', 'unsubscribes'), ['person_id'], is_vendor=true) }}
)

select
    person_id,
    unsubscribed_at,
    _batch_id,
    _loaded_at
from latest_versions
