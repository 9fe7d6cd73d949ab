-- one row per offered CSAT survey of Zendesk
{{ config(enabled='zendesk' in var('connectors')) }}
with ratings as (
    select * from {{ ref('stg_zendesk__satisfaction_ratings') }}
    where not is_deleted and (rating = 'offered' or rating like 'good%' or rating like 'bad%')
),

survey_responses as (
    select * from {{ ref('stg_zendesk__survey_responses') }}
    where not is_deleted
),

answers as (
    select
        *,
        row_number() over (partition by survey_response_id order by updated_at desc, question_id asc) as choice
    from {{ ref('stg_zendesk__survey_answers') }}
    where answer_type = 'rating_scale' and score is not null
),

users as (
    select * from {{ ref('stg_zendesk__users') }}
),

declared as (
    select * from {{ ref('survey_questions') }}
    where system = 'zendesk' and question = 'rating_scale'
),

newer as (
    select
        survey_responses.survey_response_id as response_id,
        survey_responses.responder_id as respondent_id,
        survey_responses.ticket_id,
        answers.score,
        coalesce(declared.scale_max, 5) as scale_max,
        cast(null as timestamp) as sent_at,
        answers.updated_at as responded_at,
        survey_responses._batch_id,
        survey_responses._loaded_at
    from survey_responses
    inner join answers on survey_responses.survey_response_id = answers.survey_response_id and answers.choice = 1
    left join declared on survey_responses.survey_id = declared.survey_id
),

newer_tickets as (
    select distinct ticket_id from newer
),

-- Zendesk may repeat an answer to the newer survey as a rating of the older one.
older as (
    select
        ratings.rating_id as response_id,
        ratings.requester_id as respondent_id,
        ratings.ticket_id,
        cast(case when ratings.rating like 'good%' then 5 when ratings.rating like 'bad%' then 1 end as decimal(18, 6))
            as score,
        5 as scale_max,
        ratings.created_at as sent_at,
        case when ratings.rating <> 'offered' then coalesce(ratings.updated_at, ratings.created_at) end
            as responded_at,
        ratings._batch_id,
        ratings._loaded_at
    from ratings
    left join newer_tickets on ratings.ticket_id = newer_tickets.ticket_id
    where newer_tickets.ticket_id is null
),

unified as (
    select * from newer
    union all
    select * from older
)

select
    unified.response_id,
    cast(null as string) as account_reference,
    unified.respondent_id,
    {{ hash_person('users.email') }} as email_hash,
    'csat' as survey_type,
    'transactional' as survey_kind,
    'support' as touchpoint,
    unified.ticket_id,
    unified.score,
    cast(unified.scale_max as bigint) as scale_max,
    true as higher_is_better,
    unified.sent_at,
    true as is_delivered,
    unified.responded_at,
    unified._batch_id,
    unified._loaded_at
from unified
left join users on unified.respondent_id = users.user_id
