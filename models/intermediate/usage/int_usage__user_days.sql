-- one row per account, user and day with activity; internal accounts and unknown ones are left out
{{ config(materialized=inlined()) }}
with user_days as (
    select * from {{ ref('unified_usage_user_days') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
    where not is_internal
)

select
    user_days.account_id,
    user_days.user_id,
    user_days.active_on,
    {{ week_number('user_days.active_on') }} as week_number,
    {{ month_number('user_days.active_on') }} as month_number,
    user_days.events,
    user_days.sessions
from user_days
inner join accounts on user_days.account_id = accounts.account_id
