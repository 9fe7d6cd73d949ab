-- one row per response and scale question
{{ config(enabled='qualtrics' in var('connectors')) }}
with records as (
    select * from {{ ref('unified_qualtrics__records') }}
    where response_kind = 'real' and is_finished and not is_deleted
),

delivered_scores as (
    select
        response_id,
        is_exported,
        question,
        score
    from {{ ref('stg_qualtrics__response_entries') }}
    union all
    select
        response_id,
        false as is_exported,
        question,
        score
    from {{ ref('stg_qualtrics__question_responses') }}
),

questions as (
    select * from {{ ref('unified_qualtrics__questions') }}
    where survey_type is not null
)

select
    records.response_id,
    records.survey_id,
    questions.question,
    questions.survey_type,
    questions.survey_kind,
    questions.touchpoint,
    cast(max(delivered_scores.score - questions.scale_offset) as decimal(18, 6)) as score,
    questions.scale_max
from records
inner join delivered_scores
    on
        records.response_id = delivered_scores.response_id
        and records.is_exported = delivered_scores.is_exported
inner join questions
    on
        records.survey_id = questions.survey_id
        and delivered_scores.question = questions.question
where delivered_scores.score is not null
group by
    records.response_id,
    records.survey_id,
    questions.question,
    questions.survey_type,
    questions.survey_kind,
    questions.touchpoint,
    questions.scale_max
