-- one row per response and question, in its latest version
{{ config(enabled='qualtrics' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('qualtrics', 'question_responses'), ['response_id', 'question_id'], is_vendor=true) }}
)

select
    response_id,
    lower(question_id) as question,
    coalesce({{ number_in('value') }}, {{ number_in('text') }}) as score,
    _batch_id,
    _loaded_at
from latest_versions
