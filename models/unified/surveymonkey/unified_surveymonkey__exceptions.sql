-- one row per record and reason
{{ config(enabled='surveymonkey' in var('connectors')) }}
with responses as (
    select
        *,
        coalesce(survey_id, '') as known_survey_id
    from {{ ref('stg_surveymonkey__responses') }}
),

scores as (
    select * from {{ ref('unified_surveymonkey__scores') }}
),

surveys as (
    select * from {{ ref('stg_surveymonkey__surveys') }}
),

invitations as (
    select * from {{ ref('unified_surveymonkey__invitations') }}
),

scored_responses as (
    select distinct response_id
    from scores
    where survey_type is not null and score is not null
),

scored_surveys as (
    select distinct survey_id
    from {{ ref('unified_surveymonkey__questions') }}
    where survey_type is not null
),

reasons as (
    select
        'responses' as object_name,
        responses.response_id as record_key,
        case
            when responses.is_deleted then 'deleted'
            when responses.collection_mode in ('preview', 'survey_preview') then 'preview'
            when responses.response_status = 'partial' then 'incomplete'
            when responses.response_status <> 'completed' then 'not_an_answer'
            when scored_responses.response_id is not null then null
            when scored_surveys.survey_id is not null then 'no_score'
            else 'other_survey_type'
        end as reason,
        responses._batch_id,
        responses._loaded_at
    from responses
    left join scored_responses on responses.response_id = scored_responses.response_id
    left join scored_surveys on responses.known_survey_id = scored_surveys.survey_id
    union all
    -- Without any survey, nobody knows which one is unknown.
    select
        'responses' as object_name,
        responses.response_id as record_key,
        'orphan_response' as reason,
        responses._batch_id,
        responses._loaded_at
    from responses
    left join surveys on responses.known_survey_id = surveys.survey_id
    where
        surveys.survey_id is null
        and exists (select delivered_surveys.survey_id from surveys as delivered_surveys)
    union all
    select
        'answers' as object_name,
        scores.response_id || '#' || scores.answered_question as record_key,
        scores.exception_reason as reason,
        responses._batch_id,
        responses._loaded_at
    from scores
    inner join responses on scores.response_id = responses.response_id
    union all
    select
        'recipients' as object_name,
        invitations.recipient_id as record_key,
        case
            when scored_surveys.survey_id is null then 'other_survey_type'
            when invitations.sent_at is null then 'no_date'
        end as reason,
        invitations._batch_id,
        invitations._loaded_at
    from invitations
    left join scored_surveys on invitations.survey_id = scored_surveys.survey_id
)

select
    object_name,
    record_key,
    reason,
    _batch_id,
    _loaded_at
from reasons
where reason is not null
