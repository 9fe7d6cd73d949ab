-- one row per account and month with health at the close of the month
with health_weeks as (
    select
        *,
        {{ week_number('week') }} as week_number
    from {{ ref('fct_account_health') }}
),

months as (
    select {{ month_number('month') }} as month_number
    from {{ ref('dim_months') }}
),

closing_weeks as (
    select
        month_number,
        {{ closing_week('month_number') }} as week_number
    from months
)

select
    health_weeks.account_id,
    closing_weeks.month_number,
    health_weeks.health_score,
    health_weeks.health_band,
    health_weeks.risk_signals
from closing_weeks
inner join health_weeks on closing_weeks.week_number = health_weeks.week_number
