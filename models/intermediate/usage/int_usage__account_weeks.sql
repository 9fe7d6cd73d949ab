-- one row per account and week with activity in it or in the three weeks before
with user_days as (
    select * from {{ ref('int_usage__user_days') }}
),

decision_makers as (
    select * from {{ ref('int_usage__decision_makers') }}
),

event_weeks as (
    select * from {{ ref('unified_usage_event_weeks') }}
    where is_counted and is_known
),

core_features as (
    select * from {{ ref('unified_usage_core_features') }}
),

user_weeks as (
    select
        account_id,
        user_id,
        week_number,
        count(*) as days,
        sum(events) as events,
        sum(sessions) as sessions,
        max(active_on) as last_active_on
    from user_days
    group by account_id, user_id, week_number
),

active_decision_makers as (
    select
        user_weeks.account_id,
        user_weeks.week_number,
        count(distinct decision_makers.contact_id) as decision_makers_active
    from user_weeks
    inner join decision_makers
        on user_weeks.account_id = decision_makers.account_id and user_weeks.user_id = decision_makers.user_id
    group by user_weeks.account_id, user_weeks.week_number
),

week_totals as (
    select
        account_id,
        week_number,
        count(user_id) as active_users,
        sum(case when user_id is not null then days else 0 end) as user_days,
        sum(events) as events,
        sum(sessions) as sessions,
        max(last_active_on) as last_active_on
    from user_weeks
    group by account_id, week_number
),

-- A day on which no event names a user counts as one user.
account_days as (
    select
        account_id,
        week_number,
        active_on,
        greatest(count(user_id), 1) as users
    from user_days
    group by account_id, week_number, active_on
),

day_totals as (
    select
        account_id,
        week_number,
        count(*) as active_days,
        sum(users) as activity
    from account_days
    group by account_id, week_number
),

appearances as (
    select
        account_id,
        user_id,
        null as feature,
        week_number,
        lead(week_number) over (partition by account_id, user_id order by week_number) as next_week_number
    from user_weeks
    union all
    select
        event_weeks.account_id,
        null as user_id,
        event_weeks.event_name as feature,
        {{ week_number('event_weeks.week') }} as week_number,
        lead({{ week_number('event_weeks.week') }}) over (
            partition by event_weeks.account_id, event_weeks.event_name
            order by event_weeks.week
        ) as next_week_number
    from event_weeks
    inner join core_features on event_weeks.event_name = core_features.event_name
),

-- A user or feature counts in the windows of 28 days that end with its week and with the next three, once in each.
carried as (
    select
        account_id,
        user_id,
        feature,
        {{ expand_numbers(
            'week_number', 'least(week_number + 3, coalesce(next_week_number - 1, week_number + 3))'
        ) }} as window_week_number
    from appearances
),

windows as (
    select
        account_id,
        window_week_number as week_number,
        count(user_id) as active_users_28d,
        count(feature) as features_used
    from carried
    where window_week_number <= {{ as_of_week() }}
    group by account_id, window_week_number
    -- Events of own and unknown accounts show no activity.
    having count(*) > count(feature)
)

select
    windows.account_id,
    windows.week_number,
    coalesce(week_totals.active_users, 0) as active_users,
    coalesce(week_totals.user_days, 0) as user_days,
    coalesce(week_totals.events, 0) as events,
    coalesce(week_totals.sessions, 0) as sessions,
    coalesce(active_decision_makers.decision_makers_active, 0) as decision_makers_active,
    coalesce(day_totals.active_days, 0) as active_days,
    coalesce(day_totals.activity, 0) as activity,
    week_totals.last_active_on,
    windows.active_users_28d,
    windows.features_used
from windows
left join week_totals
    on windows.account_id = week_totals.account_id and windows.week_number = week_totals.week_number
left join day_totals
    on windows.account_id = day_totals.account_id and windows.week_number = day_totals.week_number
left join active_decision_makers
    on
        windows.account_id = active_decision_makers.account_id
        and windows.week_number = active_decision_makers.week_number
