-- one row per record and reason
{{ config(enabled='help_scout' in var('connectors')) }}
with conversations as (
    select * from {{ ref('stg_help_scout__conversations') }}
),

threads as (
    select * from {{ ref('stg_help_scout__threads') }}
),

ratings as (
    select * from {{ ref('stg_help_scout__happiness_ratings') }}
),

reasons as (
    select
        'conversations' as object_name,
        conversation_id as record_key,
        case
            when is_draft then 'draft'
            when created_at is not null then 'unknown_status'
            when is_deleted then 'deleted'
            else 'no_date'
        end as reason,
        _batch_id,
        _loaded_at
    from conversations
    where is_draft or created_at is null or coalesce(status, '') not in ('active', 'pending', 'closed', 'spam')
    union all
    select
        'threads' as object_name,
        thread_id as record_key,
        case
            when is_draft then 'draft'
            when is_deleted then 'deleted'
            when conversation_id is null then 'orphan'
            else 'no_date'
        end as reason,
        _batch_id,
        _loaded_at
    from threads
    where is_draft or is_deleted or conversation_id is null or created_at is null
    union all
    select
        'happiness_ratings' as object_name,
        ratings.conversation_id || coalesce('-' || ratings.thread_id, '') as record_key,
        case
            when ratings.is_deleted then 'deleted'
            when ratings.score is null then 'no_score'
            when ratings.rated_at is null then 'no_date'
            else 'orphan_response'
        end as reason,
        ratings._batch_id,
        ratings._loaded_at
    from ratings
    left join conversations on ratings.conversation_id = conversations.conversation_id
    where
        ratings.is_deleted
        or ratings.score is null
        or ratings.rated_at is null
        or conversations.conversation_id is null
)

select
    object_name,
    record_key,
    reason,
    _batch_id,
    _loaded_at
from reasons
