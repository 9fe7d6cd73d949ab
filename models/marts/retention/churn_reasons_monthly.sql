-- one row per month, churn kind and churn reason that occurred
with account_months as (
    select * from {{ ref('int_mrr__account_month_net') }}
)

select
    {{ month_start('month_number') }} as month,
    churn_kind,
    churn_reason,
    month_number < {{ as_of_month() }} as is_complete,
    cast(count(*) as bigint) as customers,
    cast(sum(net_churn_mrr) as decimal(18, 4)) as mrr
from account_months
where is_lost_customer
group by month_number, churn_kind, churn_reason
