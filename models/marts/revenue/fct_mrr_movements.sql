-- one row per account movement (event ledger)
with movements as (
    select * from {{ ref('int_revenue__account_movements') }}
)

select
    {{ movement_id('account_id', 'occurred_at', "movement_type = 'fx_impact'") }} as movement_id,
    account_id,
    occurred_at,
    cast(occurred_at as date) as occurred_on,
    {{ month_start('month_number') }} as month,
    cast(movement_number as bigint) as movement_number,
    movement_type,
    movement_subtype,
    churn_kind,
    churn_reason,
    mrr_before,
    mrr_change,
    mrr_after,
    cast(change_count as bigint) as change_count
from movements
