-- one row per subscription item, price kind and period start
with periods as (
    {{ with_linked_account(ref('stg_generic__subscription_periods')) }}
),

overrides as (
    select * from {{ ref('unified_overrides') }}
    where subscription_id is not null and not is_expired
),

unified as (
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
        -- A deleted period was real until it was deleted: without it the loss would vanish with the row. A period
        -- without an end is over when billing ended it.
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
),

{{ period_corrections() }}

select
    unified.source_system,
    unified.subscription_id,
    unified.item_id,
    unified.account_id,
    unified.plan_id,
    unified.currency,
    unified.quantity,
    unified.unit_amount,
    unified.interval_unit,
    unified.interval_count,
    unified.discount_amount,
    unified.discount_kind,
    unified.price_kind,
    unified.status,
    unified.period_start,
    coalesce(corrections.period_end, unified.period_end) as period_end,
    coalesce(corrections.cancel_requested_at, unified.cancel_requested_at) as cancel_requested_at,
    coalesce(corrections.cancel_effective_at, unified.cancel_effective_at) as cancel_effective_at,
    coalesce(corrections.cancel_kind, unified.cancel_kind) as cancel_kind,
    coalesce(corrections.cancel_reason, unified.cancel_reason) as cancel_reason,
    coalesce(corrections.replaces_subscription_id, unified.replaces_subscription_id) as replaces_subscription_id,
    coalesce(corrections.period_end, corrections.cancel_effective_at) is not null as has_cancellation_override,
    coalesce(corrections.has_churn_override, false) as has_churn_override,
    corrections.replaces_subscription_id is not null as has_link_override,
    unified.is_without_end,
    unified.is_deleted_without_date,
    unified._batch_id,
    unified._loaded_at
from unified
left join corrections
    on
        unified.source_system = corrections.source_system
        and unified.subscription_id = corrections.subscription_id
        and unified.item_id = corrections.item_id
        and unified.price_kind = corrections.price_kind
        and unified.period_start = corrections.period_start
