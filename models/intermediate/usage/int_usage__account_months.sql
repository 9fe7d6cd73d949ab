-- one row per account and month with activity, or with MRR history
with user_days as (
    select * from {{ ref('int_usage__user_days') }}
),

seats as (
    select * from {{ ref('int_usage__seats') }}
),

account_months as (
    select * from {{ ref('int_mrr__account_months') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

user_months as (
    select
        account_id,
        user_id,
        month_number,
        count(*) as days,
        sum(sessions) as sessions
    from user_days
    group by account_id, user_id, month_number
),

activity as (
    select
        account_id,
        month_number,
        count(user_id) as active_users,
        sum(case when user_id is not null then days else 0 end) as user_days,
        sum(sessions) as sessions
    from user_months
    group by account_id, month_number
),

-- In a month without any event of any account, usage is unknown and not zero: its events were not delivered.
known_months as (
    select distinct month_number from activity
),

-- The seats at the end of each month.
seat_months as (
    select
        account_id,
        seats_paid,
        {{ expand_numbers(
            month_number('effective_on'), 'coalesce(' ~ month_number('next_on') ~ ' - 1, ' ~ as_of_month() ~ ')'
        ) }} as month_number
    from seats
),

states as (
    select
        coalesce(account_months.account_id, activity.account_id) as account_id,
        coalesce(account_months.month_number, activity.month_number) as month_number,
        account_months.plan_id,
        coalesce(account_months.is_customer, false) as is_customer,
        activity.account_id is not null as is_active,
        activity.active_users,
        activity.user_days,
        activity.sessions
    from account_months
    full outer join activity
        on account_months.account_id = activity.account_id and account_months.month_number = activity.month_number
)

select
    states.account_id,
    states.month_number,
    slices.slice_number,
    coalesce(states.plan_id, 'unknown') as plan,
    states.is_customer,
    known_months.month_number is not null as has_usage_data,
    states.is_active,
    case
        -- Events without any user do not tell how many users there are.
        when states.active_users > 0 then states.active_users
        when known_months.month_number is not null and not states.is_active then 0
    end as active_users,
    states.user_days,
    states.sessions,
    seat_months.seats_paid
from states
left join known_months on states.month_number = known_months.month_number
inner join slices on states.account_id = slices.account_id
left join seat_months
    on states.account_id = seat_months.account_id and states.month_number = seat_months.month_number
