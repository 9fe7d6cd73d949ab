-- The contributions of an account and week add up to its score, which lies in its band. Alerts are the signals of the
-- current week, and a back-test never finds more churn than there was. The bands of a month hold its scored customers,
-- and the stake of the current month is that of the alerts.
with health_weeks as (
    select * from {{ ref('fct_account_health') }}
),

measures as (
    select
        account_id,
        week,
        sum(contribution) as contributions,
        count(score) as measures_present,
        count(*) as measures
    from {{ ref('fct_health_measures') }}
    group by account_id, week
),

current_signals as (
    select
        health_weeks.account_id,
        {{ expand_list(
            "coalesce(health_weeks.risk_signals || ', ', '') || coalesce(health_weeks.expansion_signals, '')"
        ) }} as signal
    from health_weeks
    inner join {{ ref('dim_accounts') }} as accounts on health_weeks.account_id = accounts.account_id
    where not health_weeks.is_complete and accounts.status = 'active'
),

alerts as (
    select * from {{ ref('cs_alerts') }}
),

stakes as (
    select
        account_id,
        max(mrr_at_stake) as mrr
    from alerts
    where kind = 'risk'
    group by account_id
),

stake as (
    select coalesce(sum(mrr), 0) as mrr from stakes
)

select
    'score is not the sum of its contributions' as problem,
    health_weeks.account_id as subject
from health_weeks
inner join measures on health_weeks.account_id = measures.account_id and health_weeks.week = measures.week
where
    coalesce(health_weeks.health_score, 0) <> coalesce(measures.contributions, 0)
    or health_weeks.measures_present <> measures.measures_present
    or (health_weeks.health_score is null) <> (measures.measures_present = 0)
union all
select
    'band does not fit the score' as problem,
    health_weeks.account_id as subject
from health_weeks
where
    (health_score is null) <> (health_band is null)
    or health_score not between 0 and 100
union all
select
    'alert does not fit the signals' as problem,
    coalesce(current_signals.account_id, alerts.account_id) as subject
from current_signals
full outer join alerts
    on current_signals.account_id = alerts.account_id and current_signals.signal = alerts.signal
where
    coalesce(current_signals.signal, '-') <> ''
    and (current_signals.account_id is null or alerts.account_id is null)
union all
select
    'back-test counts too many' as problem,
    rule_name as subject
from {{ ref('health_backtest') }}
where
    true_positives > least(flagged_accounts, churned_accounts)
    or greatest(flagged_accounts, churned_accounts) > scored_accounts
    or is_complete <> (churned_accounts is not null)
union all
select
    'month does not add up' as problem,
    dimension_value as subject
from {{ ref('health_monthly') }}
where
    red_customers + yellow_customers + green_customers <> scored_customers
    or greatest(scored_customers, customers_at_risk) > customers
union all
select
    'stake of the month is not that of the alerts' as problem,
    health_monthly.dimension_value as subject
from {{ ref('health_monthly') }} as health_monthly
cross join stake
where not health_monthly.is_complete and health_monthly.dimension = 'all' and health_monthly.mrr_at_stake <> stake.mrr
