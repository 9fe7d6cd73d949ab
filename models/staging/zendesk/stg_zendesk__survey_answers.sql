-- one row per response to the newer CSAT survey of Zendesk and question, in its latest version
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('zendesk', 'survey_answers'), ['survey_response_id', 'question_id'], 'updated_at', is_vendor=true
    ) }}
)

select
    survey_response_id,
    question_id,
    lower(type) as answer_type,
    {{ score_of('rating') }} as score,
    updated_at,
    _batch_id,
    _loaded_at
from latest_versions
