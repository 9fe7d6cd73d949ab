-- one row per reply or note on a ticket of Freshdesk
{{ config(enabled='freshdesk' in var('connectors')) }}
with conversations as (
    select * from {{ ref('stg_freshdesk__conversations') }}
    where not is_deleted and not is_survey_feedback and ticket_id is not null and created_at is not null
)

select
    conversation_id as event_id,
    ticket_id,
    created_at as occurred_at,
    case when is_private then 'private_comment' else 'public_comment' end as event_type,
    cast(null as string) as status,
    -- The direction says who wrote it, also if the agent has left.
    case when is_incoming then 'requester' else 'agent' end as author_kind,
    user_id as author_id,
    _batch_id,
    _loaded_at
from conversations
