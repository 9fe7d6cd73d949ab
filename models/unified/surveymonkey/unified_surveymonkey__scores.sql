-- one row per response, scale question and row of the question
{{ config(enabled='surveymonkey' in var('connectors')) }}
with responses as (
    select * from {{ ref('stg_surveymonkey__responses') }}
    where
        coalesce(response_status, 'completed') = 'completed'
        and coalesce(collection_mode, 'default') not in ('preview', 'survey_preview')
        and not is_deleted
),

answers as (
    select * from {{ ref('stg_surveymonkey__answers') }}
),

questions as (
    select * from {{ ref('unified_surveymonkey__questions') }}
),

choices as (
    select * from {{ ref('unified_surveymonkey__choices') }}
),

scores as (
    select
        responses.response_id,
        responses.recipient_id,
        questions.survey_id,
        questions.question,
        answers.question_id || coalesce('/' || answers.row_id, '') as answered_question,
        questions.survey_type,
        questions.survey_kind,
        questions.touchpoint,
        questions.scale_max,
        questions.exception_reason,
        case when answers.choice_id is null then answers.number_in_text else choices.score end
        - questions.scale_offset as score
    from responses
    inner join answers on responses.response_id = answers.response_id
    inner join questions
        on
            coalesce(responses.survey_id, '') = questions.survey_id
            and answers.question_id = questions.question
    left join choices on answers.question_id = choices.question_id and answers.choice_id = choices.choice_id
    -- An edit may take an answer back. The newer version of the response then lacks it.
    where answers.updated_at is null or answers.updated_at = responses.updated_at
)

select
    response_id,
    recipient_id,
    survey_id,
    question,
    answered_question,
    survey_type,
    survey_kind,
    touchpoint,
    cast(score as decimal(18, 6)) as score,
    scale_max,
    exception_reason
from scores
