-- one row per choice in the JSON list of a question
{{ config(enabled='surveymonkey' in var('connectors')) }}
with questions as (
    select * from {{ ref('stg_surveymonkey__questions') }}
),

elements as (
    select
        question_id,
        _batch_id,
        _loaded_at,
        {{ json_elements('choices') }} as choice
    from questions
)

select
    question_id,
    {{ json_text('choice', 'id') }} as choice_id,
    max({{ number_in(json_text('choice', 'text')) }}) as number_in_text,
    max({{ score_of(json_text('choice', 'weight')) }}) as weight,
    max(case when lower({{ json_text('choice', 'is_na') }}) = 'true' then 1 else 0 end) = 1 as is_not_applicable,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from elements
where {{ json_text('choice', 'id') }} is not null
group by question_id, {{ json_text('choice', 'id') }}
