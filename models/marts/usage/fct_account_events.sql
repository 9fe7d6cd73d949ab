-- one row per account, day, kind and name of an event that is no movement, answer, ticket or usage
with accounts as (
    select * from {{ ref('unified_accounts') }}
    where not is_internal
),

milestones as (
    select
        *,
        case when reached_at <= {{ as_of() }} then {{ local_day('reached_at') }} end as reached_on
    from {{ ref('unified_milestones') }}
),

calls as (
    select * from {{ ref('unified_calls') }}
    where held_at <= {{ as_of() }}
),

seats as (
    select * from {{ ref('int_usage__seats') }}
),

events as (
    select
        account_id,
        reached_on as occurred_on,
        'milestone_reached' as event_kind,
        milestone as event_name,
        cast(null as bigint) as seats_paid,
        {{ days_between('target_on', 'reached_on') }} as days_late
    from milestones
    where reached_on is not null
    union all
    select
        account_id,
        target_on as occurred_on,
        'milestone_missed' as event_kind,
        milestone as event_name,
        cast(null as bigint) as seats_paid,
        {{ days_between('target_on', as_of_day()) }} as days_late
    from milestones
    where reached_on is null and target_on < {{ as_of_day() }}
    union all
    select
        account_id,
        {{ local_day('held_at') }} as occurred_on,
        'call' as event_kind,
        coalesce(call_kind, 'unknown') as event_name,
        cast(null as bigint) as seats_paid,
        null as days_late
    from calls
    union all
    select
        account_id,
        effective_on as occurred_on,
        'seats' as event_kind,
        'seats' as event_name,
        seats_paid,
        null as days_late
    from seats
)

select
    events.account_id,
    events.occurred_on,
    events.event_kind,
    events.event_name,
    cast(count(*) as bigint) as events,
    max(events.seats_paid) as seats_paid,
    cast(max(events.days_late) as bigint) as days_late
from events
inner join accounts on events.account_id = accounts.account_id
group by events.account_id, events.occurred_on, events.event_kind, events.event_name
