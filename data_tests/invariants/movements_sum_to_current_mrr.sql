-- The movements of an account add up to its current MRR, in fct_account_months and in dim_accounts.
with moved as (
    select
        account_id,
        sum(mrr_change) as mrr
    from {{ ref('fct_mrr_movements') }}
    group by account_id
),

months as (
    select
        account_id,
        closing_mrr
    from {{ ref('fct_account_months') }}
    where not is_complete
),

accounts as (
    select
        account_id,
        current_mrr
    from {{ ref('dim_accounts') }}
    where first_paid_on is not null
)

select
    coalesce(moved.account_id, months.account_id, accounts.account_id) as account_id,
    moved.mrr as moved_mrr,
    months.closing_mrr,
    accounts.current_mrr
from moved
full outer join months on moved.account_id = months.account_id
full outer join accounts on moved.account_id = accounts.account_id
where
    -- An account without movements has MRR of zero: its price is below half a unit of the reporting currency.
    coalesce(moved.mrr, 0) <> coalesce(months.closing_mrr, 0)
    or coalesce(moved.mrr, 0) <> coalesce(accounts.current_mrr, 0)
