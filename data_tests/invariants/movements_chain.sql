-- Each movement starts at the balance where the previous one ended. Its type agrees with the balances before and after.
-- An account is new at most once.
with movements as (
    select
        *,
        coalesce(lag(mrr_after) over account_in_time, 0) as previous_mrr_after,
        lag(movement_number) over account_in_time as previous_movement_number
    from {{ ref('fct_mrr_movements') }}
    window account_in_time as (partition by account_id order by movement_number)
)

select
    account_id,
    movement_number,
    movement_type,
    mrr_before,
    mrr_change,
    mrr_after
from movements
where
    mrr_before <> previous_mrr_after
    or mrr_before + mrr_change <> mrr_after
    or (mrr_change = 0 and movement_type <> 'churn')
    or mrr_after < 0
    or movement_number <> coalesce(previous_movement_number, 0) + 1
    or (movement_type = 'new' and movement_number <> 1 and {{ policy_is('reactivation_window', 'unlimited') }})
    or (movement_number = 1 and movement_type not in ('new', 'merge', 'opening_balance', 'reactivation'))
    or (movement_type in ('new', 'reactivation') and mrr_before <> 0)
    or (movement_type = 'churn' and mrr_after <> 0)
    or (
        not {{ has_customers_at_zero() }}
        and (
            (mrr_before = 0 and movement_type not in ('new', 'reactivation', 'merge', 'opening_balance'))
            or (mrr_after = 0 and movement_type not in ('churn', 'merge'))
        )
    )
    or (movement_type = 'expansion' and mrr_change < 0)
    or (movement_type = 'contraction' and mrr_change > 0)
    or occurred_at > {{ as_of() }}
    or (churn_kind is null) = (movement_type = 'churn')
