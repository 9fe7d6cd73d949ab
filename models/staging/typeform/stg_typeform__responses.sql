-- one row per response to a form, in its latest version
{{ config(enabled='typeform' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('typeform', 'responses'), ['token'], is_vendor=true) }}
)

select
    token as response_id,
    coalesce(landing_id, token) as landing_id,
    _record_id as record_id,
    form_id,
    submitted_at,
    -- The API dates a response that nobody submitted in the year 1.
    coalesce(lower(response_type), 'completed') = 'completed'
    and coalesce(submitted_at >= cast('1902-01-01' as timestamp), false) as is_submitted,
    coalesce(_is_deleted, false) as is_deleted,
    nullif(trim(hidden_email), '') as email,
    {{ valid_json('hidden') }} as hidden_fields,
    {{ valid_json('_extra') }} as extra_fields,
    _batch_id,
    _loaded_at
from latest_versions
