-- one row per subscription item, price kind and period start, as the billing systems delivered it
{{ config(materialized=inlined()) }}
with periods as (
    {{ with_linked_account(ref('stg_generic__subscription_periods')) }}
)

select
    'generic' as source_system,
    subscription_id,
    item_id,
    linked_account_id as account_id,
    plan_id,
    currency,
    quantity,
    unit_amount,
    interval_unit,
    interval_count,
    discount_amount,
    discount_kind,
    price_kind,
    status,
    period_start,
    -- A deleted period was real until its deletion. Without the row, the loss would disappear. A period without an end
    -- ends when billing ended it.
    {{ earliest(
        'coalesce(period_end, case when cancel_effective_at > period_start then cancel_effective_at end)', 'deleted_at'
    ) }} as period_end,
    period_end is null as is_without_end,
    is_deleted_without_date,
    cancel_requested_at,
    cancel_effective_at,
    cancel_kind,
    lower(trim(cancel_reason)) as cancel_reason,
    replaces_subscription_id,
    _batch_id,
    _loaded_at
from periods
