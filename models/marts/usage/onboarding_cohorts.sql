-- one row per month of sign-up and slice
{%- set window = policy('activation_window_days') %}
{%- set cohort = 'cohort_month_number, dimension, dimension_value' %}
with accounts as (
    select
        *,
        {{ month_number('signed_up_on') }} as cohort_month_number,
        -- The day of sign-up is day 0. The last day of the window must be over.
        days_known > {{ window }} as is_matured,
        coalesce(days_to_value, days_known) as age
    from {{ ref('int_onboarding__accounts') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

attributed as (
    select
        accounts.*,
        {%- for dimension in account_dimensions() %}
        slices.{{ dimension }},
        {%- endfor %}
        accounts.plan_id as plan
    from accounts
    inner join slices on accounts.account_id = slices.account_id
),

ages as (
    select
        cohort_month_number,
        age,
        {{ slice_columns() }},
        count(*) as accounts,
        count(days_to_value) as activated
    from attributed
    group by {{ slice_sets(['cohort_month_number', 'age']) }} -- noqa: PRS
),

-- Accounts without value yet are censored at their age, after those that got value at that age.
exposed as (
    select
        *,
        sum(accounts) over (
            partition by {{ cohort }}
            order by age
            rows between current row and unbounded following
        ) as at_risk
    from ages
),

-- Kaplan and Meier 1958. Digits beyond the twelfth are noise.
estimated as (
    select
        *,
        round({{ running_product('1 - cast(activated as double) / at_risk', cohort, 'age') }}, 12) as waiting_rate
    from exposed
),

durations as (
    select
        {{ cohort }},
        min(case when waiting_rate <= 0.5 then age end) as median_days_to_value,
        min(case when waiting_rate <= 0.25 then age end) as p75_days_to_value
    from estimated
    group by {{ cohort }}
),

totals as (
    select
        cohort_month_number,
        {{ slice_columns() }},
        count(*) as accounts,
        sum(case when is_matured then 1 else 0 end) as matured_accounts,
        sum(case when is_matured and days_to_value <= {{ window }} then 1 else 0 end) as activated_accounts,
        count(days_to_value) as accounts_with_value,
        {{ median('days_to_value') }} as median_days_to_value_activated,
        sum(milestones_due) as milestones_due,
        sum(late_milestones) as late_milestones,
        count(onboarded_on) as onboarded_accounts,
        count(first_active_on) as seen_accounts,
        sum(case when is_one_and_done then 1 else 0 end) as one_and_done_accounts,
        sum(users) as users,
        sum(one_and_done_users) as one_and_done_users,
        max(case when is_activation_known then 1 else 0 end) = 1 as is_activation_known
    from attributed
    group by {{ slice_sets(['cohort_month_number']) }} -- noqa: PRS
)

select
    {{ month_start('totals.cohort_month_number') }} as signup_month,
    totals.dimension,
    totals.dimension_value,
    cast(totals.accounts as bigint) as accounts,
    cast(totals.matured_accounts as bigint) as matured_accounts,
    cast(case when totals.is_activation_known then totals.activated_accounts end as bigint) as activated_accounts,
    case when totals.is_activation_known then {{ rate('totals.activated_accounts', 'totals.matured_accounts') }} end
        as activation_rate,
    cast(case when totals.is_activation_known then totals.accounts_with_value end as bigint) as accounts_with_value,
    cast(durations.median_days_to_value as bigint) as median_days_to_value,
    cast(durations.p75_days_to_value as bigint) as p75_days_to_value,
    cast(totals.median_days_to_value_activated as double) as median_days_to_value_activated,
    cast(totals.onboarded_accounts as bigint) as onboarded_accounts,
    cast(totals.milestones_due as bigint) as milestones_due,
    cast(totals.late_milestones as bigint) as late_milestones,
    {{ rate('totals.late_milestones', 'totals.milestones_due') }} as late_milestone_rate,
    cast(totals.seen_accounts as bigint) as seen_accounts,
    cast(totals.one_and_done_accounts as bigint) as one_and_done_accounts,
    {{ rate('totals.one_and_done_accounts', 'totals.seen_accounts') }} as one_and_done_rate,
    cast(totals.users as bigint) as users,
    cast(totals.one_and_done_users as bigint) as one_and_done_users,
    {{ rate('totals.one_and_done_users', 'totals.users') }} as one_and_done_user_rate
from totals
inner join durations
    on
        totals.cohort_month_number = durations.cohort_month_number
        and totals.dimension = durations.dimension
        and totals.dimension_value = durations.dimension_value
