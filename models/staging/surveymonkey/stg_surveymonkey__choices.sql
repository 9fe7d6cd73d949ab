-- one row per choice of a question that was delivered on its own, in its latest version
{{ config(enabled='surveymonkey' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('surveymonkey', 'choices'), ['question_id', 'id'], is_vendor=true) }}
)

select
    question_id,
    id as choice_id,
    {{ number_in('text') }} as number_in_text,
    weight,
    coalesce(is_na, false) as is_not_applicable,
    _batch_id,
    _loaded_at
from latest_versions
