-- one row per response to a survey, in its latest version
{{ config(enabled='qualtrics' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('qualtrics', 'responses'), ['response_id'], 'last_modified_date', is_vendor=true) }}
)

select
    response_id,
    survey_id,
    values_recorded_date as recorded_at,
    {{ qualtrics_response_kind('values_status') }} as response_kind,
    coalesce(values_finished, true) and coalesce(values_progress, 100) >= 100 as is_finished,
    coalesce(_is_deleted, false) as is_deleted,
    values_recipient_email as email,
    values_external_data_reference as external_reference,
    -- Some loading tools make columns of the values, which the contract does not know.
    {{ valid_json('coalesce(' ~ adapter.quote('values') ~ ', _extra)') }} as entries,
    _batch_id,
    _loaded_at
from latest_versions
