-- one row per account and month of the health history at whose close it is a customer
with account_months as (
    select
        *,
        -- The last week that ends in a month is the last one that was known at its close.
        case
            when month_number = {{ as_of_month() }} then {{ as_of_week() }}
            else {{ week_number(month_start('month_number + 1')) }} - 1
        end as week_number
    from {{ ref('int_mrr__account_months') }}
    where is_customer
),

health_weeks as (
    select
        *,
        {{ week_number('week') }} as week_number
    from {{ ref('fct_account_health') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

known_weeks as (
    select distinct week_number from health_weeks
)

select
    account_months.account_id,
    account_months.month_number,
    slices.slice_number,
    coalesce(account_months.plan_id, 'unknown') as plan,
    account_months.closing_mrr,
    health_weeks.health_score,
    health_weeks.health_band,
    health_weeks.risk_signals is not null as is_at_risk
from account_months
inner join known_weeks on account_months.week_number = known_weeks.week_number
inner join slices on account_months.account_id = slices.account_id
left join health_weeks
    on account_months.account_id = health_weeks.account_id and account_months.week_number = health_weeks.week_number
