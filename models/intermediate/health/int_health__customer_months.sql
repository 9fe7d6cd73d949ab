-- one row per account and month of the health history at whose close it is a customer
with account_months as (
    select
        *,
        {{ closing_week('month_number') }} as week_number
    from {{ ref('int_mrr__account_months') }}
    where is_customer
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

closing_weeks as (
    select distinct
        month_number,
        week_number
    from account_months
    where week_number > {{ as_of_week() }} - {{ policy('health_history_weeks') }}
),

-- The trend of a week needs the score of four weeks before.
needed_weeks as (
    select week_number from closing_weeks
    union
    select week_number - 4 as week_number from closing_weeks
),

weeks as (
    select
        scores.*,
        {{ health_trend('scores') }} as trend_30d
    from {{ ref('int_health__scores') }} as scores
    inner join needed_weeks on scores.week_number = needed_weeks.week_number
),

plays as (
    {{ signal_thresholds() }}
),

health as (
    select
        closing_weeks.month_number,
        weeks.account_id,
        weeks.health_score,
        weeks.health_band,
        {{ signal_list('risk', 'plays') }} is not null as is_at_risk
    from closing_weeks
    inner join weeks on closing_weeks.week_number = weeks.week_number
    cross join plays
),

known_months as (
    select distinct month_number from health
)

select
    account_months.account_id,
    account_months.month_number,
    slices.slice_number,
    coalesce(account_months.plan_id, 'unknown') as plan,
    account_months.closing_mrr,
    health.health_score,
    health.health_band,
    coalesce(health.is_at_risk, false) as is_at_risk
from account_months
inner join known_months on account_months.month_number = known_months.month_number
inner join slices on account_months.account_id = slices.account_id
left join health
    on account_months.account_id = health.account_id and account_months.month_number = health.month_number
