-- one row per account, event name and week, apart for events that do not count and for events after as_of
with weeks as (
    {{ with_person(ref('stg_usage__event_weeks')) }}
),

active_events as (
    select * from {{ ref('active_events') }}
),

classified_weeks as (
    select
        weeks.linked_account_id,
        weeks.event_name,
        weeks.week,
        weeks.is_counted and not weeks.is_of_ignored as is_counted,
        weeks.events,
        -- Landing knows only the users that events name.
        case when weeks.person_id is null then weeks.events_without_user else 0 end as events_without_user,
        case when weeks.is_of_ignored then weeks.events else weeks.events_of_ignored_users end
            as events_of_ignored_users,
        weeks.events_after_receipt,
        weeks.first_at,
        weeks._batch_id,
        weeks._loaded_at,
        coalesce(active_events.is_activation, false) as is_activation,
        weeks.first_at <= {{ as_of() }} as is_known
    from weeks
    left join active_events on weeks.event_name = active_events.event_name
),

unified as (
    select
        linked_account_id as account_id,
        event_name,
        week,
        is_counted,
        is_activation,
        is_known,
        cast(sum(events) as bigint) as events,
        cast(sum(events_without_user) as bigint) as events_without_user,
        cast(sum(events_of_ignored_users) as bigint) as events_of_ignored_users,
        cast(sum(events_after_receipt) as bigint) as events_after_receipt,
        min(first_at) as first_at,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from classified_weeks
    group by linked_account_id, event_name, week, is_counted, is_activation, is_known
)

select * from unified
