-- The sum of everything that ever moved is what is there now: per account, against the months and the dimension.
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
    -- A price that is worth less than half a unit in the reporting currency never moves anything.
    coalesce(moved.mrr, 0) <> coalesce(months.closing_mrr, 0)
    or coalesce(moved.mrr, 0) <> coalesce(accounts.current_mrr, 0)
