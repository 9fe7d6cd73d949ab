-- one row per record and reason
{{ config(enabled='typeform' in var('connectors')) }}
with responses as (
    select
        *,
        coalesce(form_id, '') as survey_id
    from {{ ref('stg_typeform__responses') }}
),

answers as (
    select * from {{ ref('unified_typeform__answers') }}
),

questions as (
    select * from {{ ref('unified_typeform__questions') }}
),

forms as (
    select * from {{ ref('stg_typeform__forms') }}
),

answered_questions as (
    select
        responses.response_id,
        answers.field_id,
        questions.survey_type,
        questions.exception_reason,
        answers.score,
        answers._batch_id,
        answers._loaded_at
    from responses
    inner join answers on responses.response_id = answers.response_id
    inner join questions on answers.survey_id = questions.survey_id and answers.field_id = questions.question
    where responses.is_submitted and not responses.is_deleted
),

scored_responses as (
    select distinct response_id
    from answered_questions
    where survey_type is not null and score is not null
),

scored_surveys as (
    select distinct survey_id
    from questions
    where survey_type is not null
),

response_reasons as (
    select
        responses.response_id,
        case
            when responses.is_deleted then 'deleted'
            when not responses.is_submitted then 'incomplete'
            when scored_responses.response_id is not null then null
            when scored_surveys.survey_id is not null then 'no_score'
            else 'other_survey_type'
        end as reason,
        responses._batch_id,
        responses._loaded_at
    from responses
    left join scored_responses on responses.response_id = scored_responses.response_id
    left join scored_surveys on responses.survey_id = scored_surveys.survey_id
    union all
    -- Without any form, nobody knows which survey is unknown.
    select
        responses.response_id,
        'orphan_response' as reason,
        responses._batch_id,
        responses._loaded_at
    from responses
    left join forms on responses.survey_id = forms.form_id
    where
        forms.form_id is null
        and exists (select delivered_forms.form_id from forms as delivered_forms)
)

select
    'responses' as object_name,
    response_id as record_key,
    reason,
    _batch_id,
    _loaded_at
from response_reasons
where reason is not null
union all
select
    'answers' as object_name,
    response_id || '#' || field_id as record_key,
    exception_reason as reason,
    _batch_id,
    _loaded_at
from answered_questions
where exception_reason is not null
