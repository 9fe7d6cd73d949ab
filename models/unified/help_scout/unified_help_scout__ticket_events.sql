-- one row per message, note and change of status in a conversation of Help Scout
{{ config(enabled='help_scout' in var('connectors')) }}
with conversations as (
    select * from {{ ref('stg_help_scout__conversations') }}
),

threads as (
    select * from {{ ref('stg_help_scout__threads') }}
    where not is_draft and not is_deleted and conversation_id is not null and created_at is not null
),

-- The first message opens the conversation, even if it is dated some seconds later.
comments as (
    select
        *,
        row_number() over (partition by conversation_id order by created_at, thread_id) as place
    from threads
    where thread_type in ('customer', 'message')
),

events as (
    select
        comments.thread_id as event_id,
        comments.conversation_id,
        case
            when comments.place = 1 then {{ earliest('comments.created_at', 'conversations.created_at') }}
            else comments.created_at
        end as occurred_at,
        'public_comment' as event_type,
        cast(null as string) as status,
        comments.author_kind,
        comments.author_id,
        comments._batch_id,
        comments._loaded_at
    from comments
    left join conversations on comments.conversation_id = conversations.conversation_id
    union all
    select
        thread_id as event_id,
        conversation_id,
        created_at as occurred_at,
        'private_comment' as event_type,
        cast(null as string) as status,
        author_kind,
        author_id,
        _batch_id,
        _loaded_at
    from threads
    where thread_type = 'note'
    union all
    -- Any thread may change the status: a reply closes the conversation, and the next message opens it again.
    select
        thread_id || '-status' as event_id,
        conversation_id,
        created_at as occurred_at,
        'status' as event_type,
        status,
        author_kind,
        author_id,
        _batch_id,
        _loaded_at
    from threads
    where status is not null
)

select
    event_id,
    conversation_id as ticket_id,
    occurred_at,
    event_type,
    status,
    author_kind,
    author_id,
    _batch_id,
    _loaded_at
from events
