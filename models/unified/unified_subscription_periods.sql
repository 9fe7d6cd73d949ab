-- one row per subscription item and period start
with periods as (
    select * from {{ ref('stg_generic__subscription_periods') }}
),

unified as (
    select
        'generic' as source_system,
        subscription_id,
        item_id,
        account_id,
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
        -- A deleted period was real until it was deleted: without it the loss would vanish with the row.
        case
            when is_deleted then least(coalesce(period_end, updated_at), updated_at)
            else period_end
        end as period_end,
        cancel_requested_at,
        cancel_effective_at,
        cancel_kind,
        lower(trim(cancel_reason)) as cancel_reason,
        replaces_subscription_id,
        _batch_id,
        _loaded_at
    from periods
)

select * from unified
