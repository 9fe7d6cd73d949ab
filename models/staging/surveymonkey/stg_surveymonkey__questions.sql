-- one row per question of a survey, in its latest version
{{ config(enabled='surveymonkey' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('surveymonkey', 'questions'), ['id'], 'survey_date_modified', is_vendor=true) }}
)

select
    id as question_id,
    survey_id,
    {{ valid_json('answers_choices') }} as choices,
    _batch_id,
    _loaded_at
from latest_versions
