-- Every churn movement is one row of churned_accounts, with the same MRR.
with movements as (
    select * from {{ ref('fct_mrr_movements') }}
    where movement_type = 'churn'
),

churned as (
    select * from {{ ref('churned_accounts') }}
)

select
    coalesce(movements.movement_id, churned.movement_id) as movement_id,
    movements.mrr_change,
    churned.churned_mrr
from movements
full outer join churned on movements.movement_id = churned.movement_id
where
    movements.movement_id is null
    or churned.movement_id is null
    or movements.mrr_change <> -churned.churned_mrr
    or churned.is_early_churn <> (churned.tenure_days <= 90)
