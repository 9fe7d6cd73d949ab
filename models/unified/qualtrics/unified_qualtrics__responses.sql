-- one row per answer to a scale question, and per invitation without one
{{ config(enabled='qualtrics' in var('connectors')) }}
with records as (
    select * from {{ ref('unified_qualtrics__records') }}
    where recorded_at is not null
),

scores as (
    select * from {{ ref('unified_qualtrics__scores') }}
),

questions as (
    select
        survey_id,
        survey_type,
        survey_kind,
        touchpoint,
        min(question) as question,
        max(scale_max) as scale_max
    from {{ ref('unified_qualtrics__questions') }}
    where survey_type is not null
    group by survey_id, survey_type, survey_kind, touchpoint
),

invitations as (
    select * from {{ ref('unified_qualtrics__invitations') }}
),

-- Several distributions may lead to one response, such as a reminder.
answered_invitations as (
    select
        response_id,
        min(contact_id) as contact_id,
        min(sent_at) as sent_at,
        min(account_reference) as account_reference,
        min(email_hash) as email_hash
    from invitations
    where response_id is not null
    group by response_id
),

answers as (
    select
        {{ answer_id('scores.response_id', 'scores.question') }} as response_id,
        coalesce(records.account_reference, answered_invitations.account_reference) as account_reference,
        answered_invitations.contact_id as respondent_id,
        coalesce(records.email_hash, answered_invitations.email_hash) as email_hash,
        scores.survey_type,
        scores.survey_kind,
        scores.touchpoint,
        scores.score,
        scores.scale_max,
        case
            when answered_invitations.sent_at <= records.recorded_at then answered_invitations.sent_at
        end as sent_at,
        true as is_delivered,
        records.recorded_at as responded_at,
        records._batch_id,
        records._loaded_at
    from scores
    inner join records on scores.response_id = records.response_id
    left join answered_invitations on scores.response_id = answered_invitations.response_id
),

answered_types as (
    select distinct
        response_id,
        survey_type
    from scores
),

unanswered as (
    select
        'invitation-' || {{ answer_id('invitations.invitation_id', 'questions.question') }} as response_id,
        invitations.account_reference,
        invitations.contact_id as respondent_id,
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
    left join answered_types
        on
            invitations.response_id = answered_types.response_id
            and questions.survey_type = answered_types.survey_type
    where answered_types.response_id is null and invitations.sent_at is not null
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
