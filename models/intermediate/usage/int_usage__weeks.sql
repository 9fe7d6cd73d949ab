-- one row per account and week in which it is a customer or active, and any account has an event
{%- set account_weeks = 'partition by account_id order by week_number' %}
with activity as (
    select * from {{ ref('int_usage__account_weeks') }}
),

seats as (
    select * from {{ ref('int_usage__seats') }}
),

core_features as (
    select count(*) as features from {{ ref('unified_usage_core_features') }}
),

-- In a week without any event of any account, usage is unknown and not zero: its events were not delivered. The
-- unfinished week may still get its first event, so it is like the week before.
known_weeks as (
    select week_number from activity
    where events > 0
    union
    select week_number + 1 as week_number from activity
    where events > 0 and week_number + 1 = {{ as_of_week() }}
),

customer_changes as (
    {{ customer_week_changes(ref('int_mrr__account_balances')) }}
),

-- The weeks at whose end the account is a customer.
all_customer_weeks as (
    select
        account_id,
        {{ expand_numbers('from_week_number', 'coalesce(until_week_number - 1, ' ~ as_of_week() ~ ')') }}
        as week_number
    from customer_changes
    where is_customer
),

customer_weeks as (
    select all_customer_weeks.*
    from all_customer_weeks
    inner join known_weeks on all_customer_weeks.week_number = known_weeks.week_number
),

seat_weeks as (
    select
        account_id,
        seats_paid,
        {{ expand_numbers(
            week_number('effective_on'), 'coalesce(' ~ week_number('next_on') ~ ' - 1, ' ~ as_of_week() ~ ')'
        ) }} as week_number
    from seats
),

weeks as (
    select
        coalesce(customer_weeks.account_id, activity.account_id) as account_id,
        coalesce(customer_weeks.week_number, activity.week_number) as week_number,
        customer_weeks.account_id is not null as is_customer,
        {%- for measure in [
            'active_users', 'user_days', 'events', 'sessions', 'decision_makers_active', 'active_days', 'activity',
            'active_users_28d', 'features_used'
        ] %}
        coalesce(activity.{{ measure }}, 0) as {{ measure }},
        {%- endfor %}
        activity.last_active_on
    from customer_weeks
    full outer join activity
        on customer_weeks.account_id = activity.account_id and customer_weeks.week_number = activity.week_number
),

compared as (
    select
        *,
        sum(user_days) over ({{ account_weeks }} range between 3 preceding and current row) as user_days_28d,
        sum(activity) over ({{ account_weeks }} range between 3 preceding and current row) as recent_activity,
        sum(activity) over ({{ account_weeks }} range between 16 preceding and 4 preceding) as earlier_activity,
        week_number - 3 - min(week_number) over (partition by account_id) as earlier_weeks,
        max(last_active_on) over ({{ account_weeks }} rows between unbounded preceding and current row)
            as last_active_on_so_far,
        case
            when week_number = {{ as_of_week() }} then {{ days_between(week_start('week_number'), as_of_day()) }} + 1
            else 7
        end as days
    from weeks
),

-- The mean week of the last four against that of the 13 before, or of all before if they are at least four.
measured as (
    select
        *,
        case
            when week_number < {{ as_of_week() }} and earlier_weeks >= 4
                then {{ rate('recent_activity * least(earlier_weeks, 13)', 'earlier_activity * 4') }} - 1
        end as usage_trend
    from compared
    where is_customer or events > 0
)

select
    measured.account_id,
    {{ week_start('measured.week_number') }} as week,
    measured.week_number < {{ as_of_week() }} as is_complete,
    measured.is_customer,
    -- Events without any user do not tell how many users there are.
    cast(case when measured.active_users > 0 or measured.events = 0 then measured.active_users end as bigint)
        as active_users,
    cast(measured.active_days as bigint) as active_days,
    cast(measured.events as bigint) as events,
    cast(measured.sessions as bigint) as sessions,
    {{ rate('measured.sessions', 'measured.user_days') }} as sessions_per_user_day,
    {{ rate('measured.user_days', 'measured.days * measured.active_users') }} as stickiness,
    cast(
        case when measured.active_users_28d > 0 or measured.recent_activity = 0 then measured.active_users_28d end
        as bigint
    ) as active_users_28d,
    {{ rate('measured.user_days_28d', '(21 + measured.days) * measured.active_users_28d') }} as stickiness_28d,
    seat_weeks.seats_paid,
    case when measured.active_users > 0 or measured.events = 0 then
        {{ rate('measured.active_users', 'seat_weeks.seats_paid') }}
    end as seat_utilisation,
    cast(measured.decision_makers_active as bigint) as decision_makers_active,
    cast(measured.features_used as bigint) as features_used,
    {{ rate('measured.features_used', 'core_features.features') }} as feature_adoption_rate,
    measured.usage_trend,
    coalesce(measured.is_customer and measured.usage_trend <= -{{ policy('usage_slipping_drop') }}, false)
        as is_slipping,
    measured.last_active_on_so_far as last_active_on
from measured
cross join core_features
left join seat_weeks
    on measured.account_id = seat_weeks.account_id and measured.week_number = seat_weeks.week_number
