-- one row per response in the CSV export, in its latest version
{{ config(enabled='qualtrics' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('qualtrics', 'responses_export'), ['response_id'], is_vendor=true) }}
)

select
    response_id,
    survey_id,
    recorded_date as recorded_at,
    {{ qualtrics_response_kind('status') }} as response_kind,
    coalesce(finished, true) and coalesce(progress, 100) >= 100 as is_finished,
    coalesce(_is_deleted, false) as is_deleted,
    recipient_email as email,
    external_reference,
    {{ valid_json('_extra') }} as entries,
    _batch_id,
    _loaded_at
from latest_versions
