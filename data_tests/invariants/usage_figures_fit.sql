-- Users, days and sessions of usage fit each other, in every week and month. Only customers slip. The users of a month
-- are those of its accounts.
select
    'fct_usage_weeks' as mart,
    week as period
from {{ ref('fct_usage_weeks') }}
where
    (events = 0) <> (active_days = 0)
    or active_users > events
    or sessions > events
    or active_users_28d < active_users
    or decision_makers_active > active_users
    or stickiness not between 0 and 1
    or stickiness_28d not between 0 and 1
    or feature_adoption_rate not between 0 and 1
    or last_active_on > {{ as_of_day() }}
    or usage_trend < -1
    or (is_slipping and not is_customer)
    or (not is_customer and events = 0)
union all
select
    'usage_monthly' as mart,
    month as period
from {{ ref('usage_monthly') }}
where
    average_daily_users > active_users
    or active_customers > customers
    or active_customers > active_accounts
    or stickiness not between 0 and 1
    or usage_coverage_rate not between 0 and 1
    or seat_utilisation < 0
union all
select
    'fct_account_events' as mart,
    occurred_on as period
from {{ ref('fct_account_events') }}
where
    (event_kind = 'seats') <> (seats_paid is not null)
    or (event_kind in ('seats', 'call') and days_late is not null)
    or (event_kind = 'milestone_missed' and coalesce(days_late, 0) <= 0)
    or occurred_on > {{ as_of_day() }}
