-- one row per record and reason
{{ config(enabled='zendesk' in var('connectors')) }}
with tickets as (
    select * from {{ ref('stg_zendesk__tickets') }}
),

comments as (
    select * from {{ ref('stg_zendesk__ticket_comments') }}
),

ratings as (
    select * from {{ ref('stg_zendesk__satisfaction_ratings') }}
),

survey_responses as (
    select * from {{ ref('stg_zendesk__survey_responses') }}
),

responses as (
    select * from {{ ref('unified_zendesk__responses') }}
),

reasons as (
    select
        'tickets' as object_name,
        ticket_id as record_key,
        case
            when created_at is not null then 'unknown_status'
            when is_deleted then 'deleted'
            else 'no_date'
        end as reason,
        _batch_id,
        _loaded_at
    from tickets
    where
        created_at is null
        or coalesce(status, '') not in ('new', 'open', 'pending', 'hold', 'solved', 'closed', 'deleted')
    union all
    select
        'ticket_comments' as object_name,
        comment_id as record_key,
        case when is_deleted then 'deleted' when ticket_id is null then 'orphan' else 'no_date' end as reason,
        _batch_id,
        _loaded_at
    from comments
    where is_deleted or ticket_id is null or created_at is null
    union all
    select
        'satisfaction_ratings' as object_name,
        ratings.rating_id as record_key,
        case
            when ratings.is_deleted then 'deleted'
            when ratings.rating = 'unoffered' then 'not_sent'
            when ratings.rating = 'offered' or ratings.rating like 'good%' or ratings.rating like 'bad%'
                then 'counted_elsewhere'
            else 'no_score'
        end as reason,
        ratings._batch_id,
        ratings._loaded_at
    from ratings
    left join responses on ratings.rating_id = responses.response_id
    where responses.response_id is null
    union all
    select
        'survey_responses' as object_name,
        survey_responses.survey_response_id as record_key,
        case when survey_responses.is_deleted then 'deleted' else 'no_score' end as reason,
        survey_responses._batch_id,
        survey_responses._loaded_at
    from survey_responses
    left join responses on survey_responses.survey_response_id = responses.response_id
    where responses.response_id is null
    union all
    select
        case when ratings.rating_id is null then 'survey_responses' else 'satisfaction_ratings' end as object_name,
        responses.response_id as record_key,
        'orphan_response' as reason,
        responses._batch_id,
        responses._loaded_at
    from responses
    left join tickets on responses.ticket_id = tickets.ticket_id
    left join ratings on responses.response_id = ratings.rating_id
    where tickets.ticket_id is null
)

select
    object_name,
    record_key,
    reason,
    _batch_id,
    _loaded_at
from reasons
