-- one row per response and name of embedded data, in its latest version
{{ config(enabled='qualtrics' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('qualtrics', 'embedded_data'), ['response_id', 'key'], is_vendor=true) }}
)

select
    response_id,
    key as field,
    nullif(trim(value), '') as reference,
    _batch_id,
    _loaded_at
from latest_versions
