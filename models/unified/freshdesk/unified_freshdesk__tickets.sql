-- one row per ticket of Freshdesk
{{ config(enabled='freshdesk' in var('connectors')) }}
with tickets as (
    select * from {{ ref('stg_freshdesk__tickets') }}
    where created_at is not null
),

contacts as (
    select * from {{ ref('stg_freshdesk__contacts') }}
),

conversations as (
    select * from {{ ref('stg_freshdesk__conversations') }}
    where not is_deleted and not is_survey_feedback
),

replies as (
    select
        ticket_id,
        sum(case when not is_private and not is_incoming then 1 else 0 end) as agent_replies
    from conversations
    group by ticket_id
),

-- A ticket without conversations has no reply, but only if conversations are delivered at all.
deliveries as (
    select count(*) as conversations
    from conversations
)

select
    tickets.ticket_id,
    coalesce(tickets.company_id, contacts.organization_id, {{ mail_domain('contacts.email') }}) as account_reference,
    tickets.requester_id,
    {{ hash_person('contacts.email') }} as email_hash,
    tickets.channel,
    tickets.priority,
    tickets.ticket_type as category,
    coalesce({{ freshdesk_status('tickets.status') }}, 'open') as status,
    tickets.created_at,
    tickets.first_responded_at as first_replied_at,
    cast(null as timestamp) as first_solved_at,
    -- The time is that of the last solve.
    coalesce(tickets.resolved_at, tickets.closed_at) as solved_at,
    cast(null as bigint) as reopens,
    cast(case when deliveries.conversations > 0 then coalesce(replies.agent_replies, 0) end as bigint) as agent_replies,
    cast(null as decimal(18, 4)) as handle_minutes,
    cast(null as decimal(18, 4)) as requester_wait_minutes,
    cast(null as decimal(18, 4)) as agent_wait_minutes,
    tickets.is_escalated,
    tickets.is_spam,
    -- Freshdesk closes a merged ticket with an internal note, and says nothing else.
    cast(null as string) as merged_into_ticket_id,
    tickets.updated_at,
    tickets.is_deleted,
    tickets._batch_id,
    tickets._loaded_at
from tickets
cross join deliveries
left join replies on tickets.ticket_id = replies.ticket_id
left join contacts on tickets.requester_id = contacts.contact_id
