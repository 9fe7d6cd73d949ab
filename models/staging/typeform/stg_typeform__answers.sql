-- one row per response and answered field, in its latest version
{{ config(enabled='typeform' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('typeform', 'answers'), ['landing_id', '_parent_record_id', 'field_id'], is_vendor=true) }}
)

select
    landing_id,
    _parent_record_id as parent_record_id,
    field_id,
    -- The Singer tap has the type of the field in type, and the type of the answer in data_type.
    lower(coalesce(field_type, case when data_type is not null then type end)) as field_type,
    coalesce({{ score_of('number') }}, case when data_type = 'number' then {{ score_of('answer') }} end) as score,
    coalesce(email, case when data_type = 'email' then answer end) as email,
    _batch_id,
    _loaded_at
from latest_versions
