-- one row per conversation of Help Scout
{{ config(enabled='help_scout' in var('connectors')) }}
with conversations as (
    select * from {{ ref('stg_help_scout__conversations') }}
    where not is_draft and created_at is not null
)

select
    conversation_id as ticket_id,
    {{ mail_domain('email') }} as account_reference,
    customer_id as requester_id,
    {{ hash_person('email') }} as email_hash,
    channel,
    cast(null as string) as priority,
    cast(null as string) as category,
    case status
        when 'pending' then 'pending'
        when 'closed' then 'solved'
        when 'spam' then 'closed'
        else 'open'
    end as status,
    created_at,
    cast(null as timestamp) as first_replied_at,
    cast(null as timestamp) as first_solved_at,
    closed_at as solved_at,
    cast(null as bigint) as reopens,
    cast(null as bigint) as agent_replies,
    cast(null as decimal(18, 4)) as handle_minutes,
    cast(null as decimal(18, 4)) as requester_wait_minutes,
    cast(null as decimal(18, 4)) as agent_wait_minutes,
    cast(null as boolean) as is_escalated,
    coalesce(status = 'spam', false) as is_spam,
    -- A merged conversation no longer exists. The other one has all threads.
    cast(null as string) as merged_into_ticket_id,
    updated_at,
    is_deleted,
    _batch_id,
    _loaded_at
from conversations
