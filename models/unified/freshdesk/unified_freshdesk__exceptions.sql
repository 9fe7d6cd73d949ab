-- one row per record and reason
{{ config(enabled='freshdesk' in var('connectors')) }}
with tickets as (
    select * from {{ ref('stg_freshdesk__tickets') }}
),

conversations as (
    select * from {{ ref('stg_freshdesk__conversations') }}
),

ratings as (
    select * from {{ ref('stg_freshdesk__satisfaction_ratings') }}
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
    where created_at is null or {{ freshdesk_status('status') }} is null
    union all
    select
        'conversations' as object_name,
        conversation_id as record_key,
        case
            when is_deleted then 'deleted'
            when is_survey_feedback then 'counted_elsewhere'
            when ticket_id is null then 'orphan'
            else 'no_date'
        end as reason,
        _batch_id,
        _loaded_at
    from conversations
    where is_deleted or is_survey_feedback or ticket_id is null or created_at is null
    union all
    select
        'satisfaction_ratings' as object_name,
        ratings.rating_id as record_key,
        case
            when ratings.is_deleted then 'deleted'
            when ratings.score is null then 'no_score'
            when ratings.created_at is null then 'no_date'
            else 'orphan_response'
        end as reason,
        ratings._batch_id,
        ratings._loaded_at
    from ratings
    left join tickets on ratings.ticket_id = tickets.ticket_id
    where ratings.is_deleted or ratings.score is null or ratings.created_at is null or tickets.ticket_id is null
)

select
    object_name,
    record_key,
    reason,
    _batch_id,
    _loaded_at
from reasons
