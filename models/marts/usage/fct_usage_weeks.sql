-- one row per account and week in which it is a customer or active, and any account has an event
{{ config(materialized='view') }}
select
    account_id,
    week,
    is_complete,
    is_customer,
    active_users,
    active_days,
    events,
    sessions,
    sessions_per_user_day,
    stickiness,
    active_users_28d,
    stickiness_28d,
    seats_paid,
    seat_utilisation,
    decision_makers_active,
    features_used,
    feature_adoption_rate,
    usage_trend,
    is_slipping,
    last_active_on
from {{ ref('int_usage__weeks') }}
