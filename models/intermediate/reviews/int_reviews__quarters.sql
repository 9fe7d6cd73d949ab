-- one row per account and quarter at whose close, or at as_of, it is a customer
with account_months as (
    select
        *,
        cast({{ dbt.date_trunc('quarter', month_start('month_number')) }} as date) as quarter
    from {{ ref('int_mrr__account_months') }}
),

-- The last month of a quarter closes it.
totals as (
    select
        account_id,
        quarter,
        max(month_number) as month_number,
        {{ first_by('opening_mrr', 'month_number') }} as opening_mrr
    from account_months
    group by account_id, quarter
)

select
    totals.account_id,
    totals.quarter,
    totals.month_number,
    {{ closing_week('totals.month_number') }} as week_number,
    least(
        cast({{ dbt.dateadd('day', -1, month_start('totals.month_number + 1')) }} as date), {{ as_of_day() }}
    ) as closed_on,
    cast({{ dbt.dateadd('month', 3, 'totals.quarter') }} as date) <= {{ month_start(as_of_month()) }} as is_complete,
    totals.opening_mrr,
    account_months.closing_mrr,
    {{ rate('account_months.closing_mrr', 'earlier.closing_mrr') }} as mrr_retention_12m
from totals
inner join account_months
    on totals.account_id = account_months.account_id and totals.month_number = account_months.month_number
left join account_months as earlier
    on totals.account_id = earlier.account_id and totals.month_number - 12 = earlier.month_number
where account_months.is_customer
