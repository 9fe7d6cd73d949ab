-- one row per contact of a directory, in its latest version
{{ config(enabled='qualtrics' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('qualtrics', 'contacts'), ['id'], is_vendor=true) }}
)

select
    id as contact_id,
    email,
    nullif(trim(ext_ref), '') as external_reference,
    _batch_id,
    _loaded_at
from latest_versions
