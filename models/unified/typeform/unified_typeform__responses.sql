-- one row per answer to a scale question
{{ config(enabled='typeform' in var('connectors')) }}
with responses as (
    select * from {{ ref('stg_typeform__responses') }}
    where is_submitted and not is_deleted
),

answers as (
    select * from {{ ref('unified_typeform__answers') }}
),

questions as (
    select * from {{ ref('unified_typeform__questions') }}
    where survey_type is not null
),

addresses as (
    select
        response_id,
        min(email_hash) as email_hash
    from answers
    group by response_id
),

scores as (
    select
        responses.response_id,
        {{ account_reference('responses.hidden_fields', 'responses.extra_fields', 'hidden_') }} as account_reference,
        responses.email,
        addresses.email_hash,
        answers.field_id,
        questions.survey_type,
        questions.survey_kind,
        questions.touchpoint,
        answers.score - questions.scale_offset as score,
        questions.scale_max,
        responses.submitted_at,
        responses._batch_id,
        responses._loaded_at
    from responses
    inner join answers on responses.response_id = answers.response_id
    inner join questions on answers.survey_id = questions.survey_id and answers.field_id = questions.question
    left join addresses on responses.response_id = addresses.response_id
    where answers.score is not null
)

select
    {{ answer_id('response_id', 'field_id') }} as response_id,
    account_reference,
    -- A form knows no person but the one that its hidden fields or its questions name.
    cast(null as {{ dbt.type_string() }}) as respondent_id,
    coalesce({{ hash_person('email') }}, email_hash) as email_hash,
    survey_type,
    survey_kind,
    touchpoint,
    cast(null as string) as ticket_id,
    cast(score as decimal(18, 6)) as score,
    scale_max,
    true as higher_is_better,
    -- landed_at is the time at which the form opened, not the invitation.
    cast(null as timestamp) as sent_at,
    true as is_delivered,
    submitted_at as responded_at,
    _batch_id,
    _loaded_at
from scores
