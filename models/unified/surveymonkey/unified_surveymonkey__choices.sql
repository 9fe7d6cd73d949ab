-- one row per choice of a question
{{ config(enabled='surveymonkey' in var('connectors')) }}
with delivered_choices as (
    select * from {{ ref('stg_surveymonkey__choices') }}
    union all
    select * from {{ ref('stg_surveymonkey__question_choices') }}
),

choices as (
    select
        question_id,
        choice_id,
        max(number_in_text) as number_in_text,
        max(weight) as weight,
        max(case when is_not_applicable then 1 else 0 end) = 1 as is_not_applicable
    from delivered_choices
    group by question_id, choice_id
),

-- Weights are scores only if they stay on a scale of 0 to 10. Those of an NPS question are -100, 0 and 100.
questions as (
    select
        question_id,
        min(weight) = -100 and max(weight) = 100 as is_nps,
        min(weight) >= 0 and max(weight) <= 10 as has_scores_as_weights
    from choices
    where not is_not_applicable
    group by question_id
),

scores as (
    select
        choices.question_id,
        choices.choice_id,
        coalesce(questions.is_nps, false) as is_nps,
        case
            when choices.is_not_applicable then null
            when choices.number_in_text is not null then choices.number_in_text
            when questions.has_scores_as_weights then choices.weight
        end as score
    from choices
    left join questions on choices.question_id = questions.question_id
)

select
    question_id,
    choice_id,
    cast(score as decimal(18, 6)) as score,
    is_nps
from scores
