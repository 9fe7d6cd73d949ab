-- one row per account movement (event ledger)
{{ config(materialized='view') }}
with movements as (
    select * from {{ ref('int_mrr__account_movements') }}
    where movement_type is not null
)

select
    {{ movement_id('account_id', 'occurred_at', 'precedence') }} as movement_id,
    account_id,
    occurred_at,
    {{ local_day('occurred_at') }} as occurred_on,
    {{ month_start('month_number') }} as month,
    cast(movement_number as bigint) as movement_number,
    movement_type,
    movement_subtype,
    churn_kind,
    churn_reason,
    mrr_before,
    mrr_change,
    mrr_after,
    change_count
from movements
