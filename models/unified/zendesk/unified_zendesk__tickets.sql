-- one row per ticket of Zendesk
{{ config(enabled='zendesk' in var('connectors')) }}
with tickets as (
    select * from {{ ref('stg_zendesk__tickets') }}
    where created_at is not null
),

users as (
    select * from {{ ref('stg_zendesk__users') }}
),

metrics as (
    select * from {{ ref('stg_zendesk__ticket_metrics') }}
),

deleted_tickets as (
    select * from {{ ref('stg_zendesk__deleted_tickets') }}
),

-- The ticket that remains lists those that were merged into it.
merge_pairs as (
    select
        ticket_id as merged_into_ticket_id,
        {{ expand_ids('merged_ticket_ids') }} as ticket_id
    from tickets
    where merged_ticket_ids is not null
),

-- Most tools only deliver the tag. Then a merged ticket names itself.
merge_tags as (
    select
        ticket_id as merged_into_ticket_id,
        ticket_id
    from {{ ref('stg_zendesk__ticket_tags') }}
    where tag = 'closed_by_merge' and not is_deleted
),

found_merges as (
    select * from merge_pairs
    union all
    select * from merge_tags
),

merged_tickets as (
    select
        ticket_id,
        coalesce(
            min(case when merged_into_ticket_id <> ticket_id then merged_into_ticket_id end), ticket_id
        ) as merged_into_ticket_id
    from found_merges
    group by ticket_id
)

select
    tickets.ticket_id,
    coalesce(tickets.organization_id, users.organization_id, {{ mail_domain('users.email') }}) as account_reference,
    tickets.requester_id,
    {{ hash_person('users.email') }} as email_hash,
    tickets.via_channel as channel,
    tickets.priority,
    tickets.ticket_type as category,
    case
        when tickets.status in ('new', 'open', 'pending', 'solved', 'closed') then tickets.status
        when tickets.status = 'hold' then 'on_hold'
        when tickets.is_deleted or deleted_tickets.ticket_id is not null then 'closed'
        else 'open'
    end as status,
    tickets.created_at,
    {{ dbt.dateadd('minute', 'metrics.first_reply_minutes', 'tickets.created_at') }} as first_replied_at,
    {{ dbt.dateadd('minute', 'metrics.first_resolution_minutes', 'tickets.created_at') }} as first_solved_at,
    coalesce(
        metrics.solved_at, {{ dbt.dateadd('minute', 'metrics.full_resolution_minutes', 'tickets.created_at') }}
    ) as solved_at,
    metrics.reopens,
    metrics.replies as agent_replies,
    cast(null as decimal(18, 4)) as handle_minutes,
    metrics.requester_wait_minutes,
    metrics.agent_wait_minutes,
    cast(null as boolean) as is_escalated,
    -- Whoever marks a ticket as spam deletes it.
    false as is_spam,
    merged_tickets.merged_into_ticket_id,
    tickets.updated_at,
    tickets.is_deleted or deleted_tickets.ticket_id is not null as is_deleted,
    tickets._batch_id,
    tickets._loaded_at
from tickets
left join users on tickets.requester_id = users.user_id
left join metrics on tickets.ticket_id = metrics.ticket_id
left join deleted_tickets on tickets.ticket_id = deleted_tickets.ticket_id
left join merged_tickets on tickets.ticket_id = merged_tickets.ticket_id
