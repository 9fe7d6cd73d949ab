-- The views of one customer repeat what the other marts say: no account is twice or missing, and no figure differs.
with accounts as (
    select * from {{ ref('dim_accounts') }}
),

views as (
    select * from {{ ref('account_360') }}
),

alerts as (
    select
        account_id,
        count(*) as alerts
    from {{ ref('cs_alerts') }}
    group by account_id
),

closes as (
    select
        account_id,
        cast({{ dbt.date_trunc('quarter', 'month') }} as date) as quarter,
        {{ last_by('closing_mrr', 'month') }} as closing_mrr,
        {{ last_by('is_customer_at_close', 'month') }} as is_customer_at_close,
        sum(tickets_opened) as tickets_opened
    from {{ ref('fct_account_months') }}
    group by account_id, cast({{ dbt.date_trunc('quarter', 'month') }} as date)
),

reviews as (
    select * from {{ ref('qbr_pack') }}
)

select
    'account_360' as mart,
    coalesce(accounts.account_id, views.account_id) as account_id,
    cast(null as date) as quarter
from accounts
full outer join views on accounts.account_id = views.account_id
left join alerts on accounts.account_id = alerts.account_id
where
    accounts.account_id is null
    or views.account_id is null
    or accounts.current_mrr <> views.current_mrr
    or coalesce(alerts.alerts, 0) <> views.risk_alerts + views.expansion_alerts
    or (coalesce(alerts.alerts, 0) > 0) <> (views.next_action is not null)
union all
select
    'qbr_pack' as mart,
    coalesce(closes.account_id, reviews.account_id) as account_id,
    coalesce(closes.quarter, reviews.quarter) as quarter
from closes
full outer join reviews on closes.account_id = reviews.account_id and closes.quarter = reviews.quarter
where
    coalesce(closes.is_customer_at_close, false) <> (reviews.account_id is not null)
    or closes.closing_mrr <> reviews.closing_mrr
    or closes.tickets_opened <> reviews.tickets_opened
    or reviews.opening_mrr + reviews.mrr_change <> reviews.closing_mrr
