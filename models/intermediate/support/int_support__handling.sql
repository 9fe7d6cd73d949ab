-- one row per ticket with a public comment of an agent: the time that agents worked on it, estimated from its events
{{ config(materialized=inlined()) }}
with ticket_events as (
    select * from {{ ref('unified_ticket_events') }}
    where occurred_at <= {{ as_of() }}
),

-- Work starts with an assignment or an opening, and pauses with any other status.
activities as (
    select
        ticket_id,
        occurred_at,
        event_id,
        case when event_type = 'public_comment' and author_kind = 'agent' then 1 else 0 end as is_message,
        case
            when event_type = 'assignment' or status = 'open' then 1
            when event_type = 'status' then 0
        end as turns_active,
        -- Of events at one instant, a pause is the last.
        case when event_type = 'status' and status <> 'open' then 1 else 0 end as is_pause
    from ticket_events
),

stretches as (
    select
        ticket_id,
        is_message,
        {{ last_known('turns_active') }} over so_far as is_active,
        occurred_at,
        coalesce(lead(occurred_at) over in_order, {{ as_of() }}) as ended_at
    from activities
    window
        in_order as (partition by ticket_id order by occurred_at, is_pause, event_id),
        so_far as (
            partition by ticket_id
            order by occurred_at, is_pause, event_id
            rows between unbounded preceding and current row
        )
)

-- An agent who does nothing for a while has turned to something else. Comments alone do not tell when work began.
select
    ticket_id,
    sum(
        case
            when is_active = 1
                then least({{ seconds_between('occurred_at', 'ended_at') }}, {{ policy('support_idle_minutes') }} * 60)
            when is_active = 0 then 0
        end
    ) as handle_seconds
from stretches
group by ticket_id
having max(is_message) = 1
