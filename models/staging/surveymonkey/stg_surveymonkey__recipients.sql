-- one row per recipient of an invitation, in its latest version
{{ config(enabled='surveymonkey' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('surveymonkey', 'recipients'), ['id'], is_vendor=true) }}
)

select
    id as recipient_id,
    survey_id,
    message_id,
    nullif(trim(email), '') as email,
    lower(mail_status) as mail_status,
    {{ valid_json('custom_fields') }} as custom_fields,
    _batch_id,
    _loaded_at
from latest_versions
