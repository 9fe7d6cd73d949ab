-- one row per form, in its latest version
{{ config(enabled='typeform' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('typeform', 'forms'), ['id'], 'last_updated_at', is_vendor=true) }}
)

select
    id as form_id,
    _record_id as record_id,
    _batch_id,
    _loaded_at
from latest_versions
