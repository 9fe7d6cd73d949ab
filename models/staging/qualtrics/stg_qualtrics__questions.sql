-- one row per question of a survey, in its latest version
{{ config(enabled='qualtrics' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('qualtrics', 'questions'), ['survey_id', 'id'], is_vendor=true) }}
)

select
    survey_id,
    lower(id) as question,
    upper(question_type) = 'MC' and upper(selector) = 'NPS' as is_nps,
    _batch_id,
    _loaded_at
from latest_versions
