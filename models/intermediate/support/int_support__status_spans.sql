-- one row per ticket with a delivered history and stretch of one status up to as_of
with tickets as (
    select * from {{ ref('unified_tickets') }}
    where created_at <= {{ as_of() }}
),

status_events as (
    select * from {{ ref('unified_ticket_events') }}
    where event_type = 'status'
),

tracked_tickets as (
    select distinct ticket_id from status_events
),

-- A ticket is new until its first change of status. A change before the creation counts at the creation.
changes as (
    select
        tickets.ticket_id,
        tickets.created_at as started_at,
        tickets.created_at as occurred_at,
        '' as event_id,
        'new' as status,
        0 as is_event
    from tickets
    inner join tracked_tickets on tickets.ticket_id = tracked_tickets.ticket_id
    union all
    select
        status_events.ticket_id,
        greatest(status_events.occurred_at, tickets.created_at) as started_at,
        status_events.occurred_at,
        status_events.event_id,
        status_events.status,
        1 as is_event
    from status_events
    inner join tickets on status_events.ticket_id = tickets.ticket_id
    where status_events.occurred_at <= {{ as_of() }}
),

numbered as (
    select
        ticket_id,
        status,
        status in ('solved', 'closed') as is_solved,
        started_at,
        row_number() over (
            partition by ticket_id
            order by started_at, is_event, occurred_at, event_id
        ) as span_number
    from changes
),

neighbours as (
    select
        *,
        lag(is_solved) over (partition by ticket_id order by span_number) as was_solved,
        lead(started_at) over (partition by ticket_id order by span_number) as next_started_at
    from numbered
)

select
    ticket_id,
    span_number,
    status,
    started_at,
    coalesce(next_started_at, {{ as_of() }}) as ended_at,
    is_solved,
    is_solved and not coalesce(was_solved, false) as is_solve,
    not is_solved and coalesce(was_solved, false) as is_reopen,
    next_started_at is null as is_last
from neighbours
