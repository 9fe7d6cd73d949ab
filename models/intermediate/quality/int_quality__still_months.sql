-- one row per month without movements that lies between months with movements, with its customers
with active_months as (
    select distinct month_number
    from {{ ref('int_mrr__account_movements') }}
    where movement_type not in ('fx_impact', 'opening_balance')
),

month_pairs as (
    select
        month_number,
        lead(month_number) over (order by month_number) as next_month_number
    from active_months
),

still_months as (
    select {{ expand_numbers('month_number + 1', 'next_month_number - 1') }} as month_number
    from month_pairs
    where next_month_number - month_number > 1
)

select
    account_months.month_number,
    count(*) as customers,
    cast(sum(account_months.opening_mrr) as decimal(18, 4)) as mrr
from still_months
inner join {{ ref('int_mrr__account_months') }} as account_months
    on still_months.month_number = account_months.month_number
where account_months.was_customer
group by account_months.month_number
