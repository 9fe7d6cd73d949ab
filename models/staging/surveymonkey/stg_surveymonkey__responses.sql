-- one row per response to a survey, in its latest version
{{ config(enabled='surveymonkey' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('surveymonkey', 'responses'), ['id'], 'date_modified', is_vendor=true) }}
)

select
    id as response_id,
    survey_id,
    nullif(trim(recipient_id), '') as recipient_id,
    lower(response_status) as response_status,
    lower(collection_mode) as collection_mode,
    date_created as created_at,
    date_modified as updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    {{ valid_json('custom_variables') }} as custom_variables,
    {{ valid_json('_extra') }} as extra_fields,
    nullif(trim(custom_value), '') as custom_value,
    coalesce(nullif(trim(email_address), ''), metadata_contact_email_value) as email,
    _batch_id,
    _loaded_at
from latest_versions
