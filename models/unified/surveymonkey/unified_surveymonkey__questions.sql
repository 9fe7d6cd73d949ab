-- one row per survey and question with scores
{{ config(enabled='surveymonkey' in var('connectors')) }}
with answers as (
    select * from {{ ref('stg_surveymonkey__answers') }}
),

responses as (
    select * from {{ ref('stg_surveymonkey__responses') }}
),

delivered_questions as (
    select * from {{ ref('stg_surveymonkey__questions') }}
    where survey_id is not null
),

scores as (
    select
        question_id,
        max(case when is_nps then 1 else 0 end) = 1 as is_nps,
        min(score) as lowest_score,
        max(score) as highest_score
    from {{ ref('unified_surveymonkey__choices') }}
    group by question_id
),

-- Some loaders deliver questions without their survey, but answers show where a question was asked.
asked_questions as (
    select
        survey_id,
        question_id
    from delivered_questions
    union
    select
        coalesce(responses.survey_id, '') as survey_id,
        answers.question_id
    from answers
    inner join responses on answers.response_id = responses.response_id
),

candidates as (
    select
        asked_questions.survey_id,
        asked_questions.question_id as question,
        case when scores.is_nps then 'nps' end as default_type,
        cast(floor(scores.highest_score) as bigint) as default_max,
        case when scores.lowest_score = 1 and scores.highest_score = 10 then 'not_nps_scale' end as default_exception
    from asked_questions
    left join scores on asked_questions.question_id = scores.question_id
),

questions as (
    {{ scale_questions('surveymonkey', 'candidates') }}
)

select * from questions
where survey_type is not null or exception_reason is not null
