-- one row per account and month of the health history at whose close it is a customer
with account_months as (
    select * from {{ ref('int_mrr__account_months') }}
    where is_customer
),

health as (
    select * from {{ ref('int_health__account_months') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
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
    health.risk_signals is not null as is_at_risk
from account_months
inner join known_months on account_months.month_number = known_months.month_number
inner join slices on account_months.account_id = slices.account_id
left join health
    on account_months.account_id = health.account_id and account_months.month_number = health.month_number
