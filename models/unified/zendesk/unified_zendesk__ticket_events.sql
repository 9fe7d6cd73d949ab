-- one row per event of a ticket of Zendesk
{{ config(enabled='zendesk' in var('connectors')) }}
with history as (
    select * from {{ ref('unified_zendesk__history') }}
),

tickets as (
    select * from {{ ref('stg_zendesk__tickets') }}
),

users as (
    select * from {{ ref('stg_zendesk__users') }}
),

-- Only agents write internal notes, also those who have left.
note_authors as (
    select distinct author_id from history
    where not is_public
),

-- Several objects may deliver the history of one ticket. The best of them counts. A comment has one id in all.
ranked as (
    select
        *,
        row_number() over (partition by event_id order by source_rank) as event_choice,
        min(source_rank) over (partition by ticket_id, event_kind) as best_source_rank
    from history
)

select
    ranked.event_id,
    ranked.ticket_id,
    ranked.occurred_at,
    case
        when ranked.event_kind <> 'comment' then ranked.event_kind
        when ranked.is_public then 'public_comment'
        else 'private_comment'
    end as event_type,
    case when ranked.event_kind = 'status' then ranked.status end as status,
    case
        when ranked.author_id in ('-1', '0') or ranked.via_channel in ('rule', 'system') then 'automation'
        when ranked.author_id = tickets.requester_id then 'requester'
        when users.was_agent or note_authors.author_id is not null then 'agent'
        when users.user_id is not null then 'requester'
    end as author_kind,
    ranked.author_id,
    ranked._batch_id,
    ranked._loaded_at
from ranked
left join tickets on ranked.ticket_id = tickets.ticket_id
left join users on ranked.author_id = users.user_id
left join note_authors on ranked.author_id = note_authors.author_id
where
    ranked.event_choice = 1
    and (ranked.event_kind = 'comment' or ranked.source_rank = ranked.best_source_rank)
