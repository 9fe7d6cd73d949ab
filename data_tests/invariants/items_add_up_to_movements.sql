-- The items of a movement add up to it, and volume, price, discount and other add up to each item.
-- The churn of a customer without MRR is a movement of zero, which has no items.
with items as (
    select
        account_id,
        occurred_at,
        movement_id,
        sum(mrr_change) as mrr_change,
        sum(abs(mrr_change - volume_mrr - price_mrr - discount_mrr - other_mrr)) as remainder
    from {{ ref('fct_mrr_movement_items') }}
    group by account_id, occurred_at, movement_id
),

movements as (
    select * from {{ ref('fct_mrr_movements') }}
)

select
    coalesce(movements.account_id, items.account_id) as account_id,
    coalesce(movements.occurred_at, items.occurred_at) as occurred_at,
    movements.mrr_change as movement_mrr,
    items.mrr_change as items_mrr,
    items.remainder
from movements
full outer join items on movements.movement_id = items.movement_id
where
    items.remainder <> 0
    or coalesce(movements.mrr_change, 0) <> coalesce(items.mrr_change, 0)
