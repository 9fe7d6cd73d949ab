-- one row per response to the newer CSAT survey of Zendesk, in its latest version
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('zendesk', 'survey_responses'), ['id'], is_vendor=true) }}
)

select
    id as survey_response_id,
    survey_id,
    nullif(trim(responder_id), '') as responder_id,
    coalesce(
        nullif(regexp_extract(subject_zrns, 'ticket:([0-9]+)', 1), ''),
        nullif(regexp_extract(subjects, 'ticket:([0-9]+)', 1), '')
    ) as ticket_id,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
