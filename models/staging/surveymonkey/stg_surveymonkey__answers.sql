-- one row per response, question and row of the question, with the latest choice
{{ config(enabled='surveymonkey' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('surveymonkey', 'answers'), ['response_id', 'question_id', 'row_id'], 'date_modified', is_vendor=true
    ) }}
)

select
    response_id,
    question_id,
    row_id,
    choice_id,
    {{ number_in('text') }} as number_in_text,
    date_modified as updated_at,
    _batch_id,
    _loaded_at
from latest_versions
