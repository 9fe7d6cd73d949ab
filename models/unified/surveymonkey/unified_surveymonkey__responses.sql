-- one row per answer to a scale question, and per invitation without one
{{ config(enabled='surveymonkey' in var('connectors')) }}
with responses as (
    select * from {{ ref('stg_surveymonkey__responses') }}
),

scores as (
    select * from {{ ref('unified_surveymonkey__scores') }}
    where survey_type is not null and score is not null
),

questions as (
    select * from {{ ref('unified_surveymonkey__questions') }}
    where survey_type is not null
),

invitations as (
    select * from {{ ref('unified_surveymonkey__invitations') }}
),

answers as (
    select
        {{ answer_id('scores.response_id', 'scores.answered_question') }} as response_id,
        coalesce(
            {{ account_reference('responses.custom_variables', 'responses.extra_fields', 'custom_variables_') }},
            {{ reference_text('responses.custom_value') }},
            invitations.account_reference
        ) as account_reference,
        scores.recipient_id as respondent_id,
        coalesce({{ hash_person("nullif(trim(responses.email), '')") }}, invitations.email_hash) as email_hash,
        scores.survey_type,
        scores.survey_kind,
        scores.touchpoint,
        scores.score,
        scores.scale_max,
        case when invitations.sent_at <= responses.created_at then invitations.sent_at end as sent_at,
        true as is_delivered,
        -- An edit moves the last change, but not the answer.
        coalesce(responses.created_at, responses.updated_at) as responded_at,
        responses._batch_id,
        responses._loaded_at
    from scores
    inner join responses on scores.response_id = responses.response_id
    left join invitations on scores.recipient_id = invitations.recipient_id
),

answered_invitations as (
    select distinct
        recipient_id,
        question
    from scores
),

unanswered as (
    select
        'invitation-' || {{ answer_id('invitations.recipient_id', 'questions.question') }} as response_id,
        invitations.account_reference,
        invitations.recipient_id as respondent_id,
        invitations.email_hash,
        questions.survey_type,
        questions.survey_kind,
        questions.touchpoint,
        cast(null as decimal(18, 6)) as score,
        questions.scale_max,
        invitations.sent_at,
        invitations.is_delivered,
        cast(null as timestamp) as responded_at,
        invitations._batch_id,
        invitations._loaded_at
    from invitations
    inner join questions on invitations.survey_id = questions.survey_id
    left join answered_invitations
        on
            invitations.recipient_id = answered_invitations.recipient_id
            and questions.question = answered_invitations.question
    where answered_invitations.recipient_id is null and invitations.sent_at is not null
),

unified as (
    select * from answers
    union all
    select * from unanswered
)

select
    response_id,
    account_reference,
    respondent_id,
    email_hash,
    survey_type,
    survey_kind,
    touchpoint,
    cast(null as string) as ticket_id,
    score,
    scale_max,
    true as higher_is_better,
    sent_at,
    is_delivered,
    responded_at,
    _batch_id,
    _loaded_at
from unified
