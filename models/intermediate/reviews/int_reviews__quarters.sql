-- one row per account and quarter at whose close, or at as_of, it is a customer
with account_months as (
    select
        *,
        {{ month_number('month') }} as month_number,
        cast({{ dbt.date_trunc('quarter', 'month') }} as date) as quarter
    from {{ ref('fct_account_months') }}
),

totals as (
    select
        account_id,
        quarter,
        max(month_number) as month_number,
        {{ first_by('opening_mrr', 'month_number') }} as opening_mrr,
        sum(tickets_opened) as tickets_opened,
        avg(cast(active_users as double)) as active_users
    from account_months
    group by account_id, quarter
),

-- The last month of a quarter closes it.
closes as (
    select
        account_months.*,
        totals.opening_mrr as quarter_opening_mrr,
        totals.tickets_opened as quarter_tickets_opened,
        totals.active_users as quarter_active_users,
        least(
            cast({{ dbt.dateadd('day', -1, month_start('account_months.month_number + 1')) }} as date),
            {{ as_of_day() }}
        ) as closed_on,
        {{ closing_week('account_months.month_number') }} as week_number
    from totals
    inner join account_months
        on totals.account_id = account_months.account_id and totals.month_number = account_months.month_number
    where account_months.is_customer_at_close
),

health as (
    select * from {{ ref('int_health__account_months') }}
),

usage_weeks as (
    select
        *,
        {{ week_number('week') }} as week_number
    from {{ ref('int_usage__weeks') }}
)

select
    closes.account_id,
    closes.quarter,
    closes.closed_on,
    closes.closed_on = cast({{ dbt.dateadd('day', -1, dbt.dateadd('month', 3, 'closes.quarter')) }} as date)
    and closes.is_complete as is_complete,
    closes.quarter_opening_mrr as opening_mrr,
    closes.closing_mrr,
    {{ rate('closes.closing_mrr', 'earlier.closing_mrr') }} as mrr_retention_12m,
    closes.seats_paid,
    closes.seat_utilisation,
    closes.quarter_active_users as active_users,
    usage_weeks.features_used,
    usage_weeks.feature_adoption_rate,
    closes.quarter_tickets_opened as tickets_opened,
    closes.nps_score_latest,
    health.health_score,
    health.health_band,
    health.risk_signals
from closes
left join account_months as earlier
    on closes.account_id = earlier.account_id and closes.month_number - 12 = earlier.month_number
left join usage_weeks
    on closes.account_id = usage_weeks.account_id and closes.week_number = usage_weeks.week_number
left join health
    on closes.account_id = health.account_id and closes.month_number = health.month_number
