-- one row per month in which any account has an event, and slice
with account_months as (
    select * from {{ ref('int_usage__account_months') }}
    where has_usage_data
),

combinations as (
    select * from {{ ref('int_accounts__slice_combinations') }}
),

attributed as (
    select
        {%- for dimension in account_dimensions() %}
        combinations.{{ dimension }},
        {%- endfor %}
        account_months.*
    from account_months
    inner join combinations on account_months.slice_number = combinations.slice_number
),

sliced as (
    select
        month_number,
        {{ slice_columns() }},
        sum(active_users) as active_users,
        sum(user_days) as user_days,
        sum(sessions) as sessions,
        sum(case when is_active then 1 else 0 end) as active_accounts,
        sum(case when is_customer then 1 else 0 end) as customers,
        sum(case when is_customer and is_active then 1 else 0 end) as active_customers,
        sum(case when is_customer and active_users is not null then seats_paid end) as seats_paid,
        sum(case when is_customer and seats_paid > 0 then active_users end) as seat_users
    from attributed
    group by {{ slice_sets(['month_number']) }} -- noqa: PRS
),

dated as (
    select
        *,
        -- Events that name no user do not tell how many users there are.
        coalesce(active_users, 0) > 0 or active_accounts = 0 as has_users,
        case
            when month_number = {{ as_of_month() }}
                then {{ days_between(month_start('month_number'), as_of_day()) }} + 1
            else {{ days_between(month_start('month_number'), month_start('month_number + 1')) }}
        end as days
    from sliced
)

select
    {{ month_start('month_number') }} as month,
    dimension,
    dimension_value,
    month_number < {{ as_of_month() }} as is_complete,
    cast(case when has_users then coalesce(active_users, 0) end as bigint) as active_users,
    case when has_users then {{ rate('coalesce(user_days, 0)', 'days') }} end as average_daily_users,
    {{ rate('user_days', 'days * active_users') }} as stickiness,
    {{ rate('sessions', 'user_days') }} as sessions_per_user_day,
    cast(active_accounts as bigint) as active_accounts,
    cast(customers as bigint) as customers,
    cast(active_customers as bigint) as active_customers,
    {{ rate('active_customers', 'customers') }} as usage_coverage_rate,
    cast(coalesce(seats_paid, 0) as bigint) as seats_paid,
    case when has_users then {{ rate('seat_users', 'seats_paid') }} end as seat_utilisation
from dated
