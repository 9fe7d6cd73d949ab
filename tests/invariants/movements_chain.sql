-- Each movement starts where the one before ended; its type says where it came from and where it went; an account
-- is new exactly once.
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
    or mrr_change = 0
    or mrr_after < 0
    or movement_number <> coalesce(previous_movement_number, 0) + 1
    {%- if policy('reactivation_window') == 'unlimited' %}
    or (movement_type = 'new') <> (movement_number = 1)
    {%- else %}
    or (movement_type <> 'new' and movement_number = 1)
    {%- endif %}
    or (mrr_before = 0) <> (movement_type in ('new', 'reactivation'))
    or (mrr_after = 0) <> (movement_type = 'churn')
    or (movement_type = 'expansion' and mrr_change < 0)
    or (movement_type = 'contraction' and mrr_change > 0)
    or occurred_at > {{ as_of() }}
    or (churn_kind is null) = (movement_type = 'churn')
