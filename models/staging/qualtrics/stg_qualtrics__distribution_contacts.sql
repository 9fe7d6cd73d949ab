-- one row per distribution and contact, in its latest version
{{ config(enabled='qualtrics' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('qualtrics', 'distribution_contacts'), ['distribution_id', 'contact_id'], is_vendor=true
    ) }}
)

select
    distribution_id || ':' || contact_id as invitation_id,
    contact_id,
    sent_at,
    lower(status) as status,
    nullif(trim(response_id), '') as response_id,
    nullif(regexp_extract(survey_link, '(SV_[A-Za-z0-9]+)', 1), '') as survey_id,
    _batch_id,
    _loaded_at
from latest_versions
