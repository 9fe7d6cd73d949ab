-- one row per subscription item, price kind and period start, in its latest version
with latest as (
    {{ latest_version(
        source('generic', 'subscription_periods'),
        ['subscription_id', 'coalesce(item_id, subscription_id)', "coalesce(price_kind, 'recurring')", 'period_start'],
        'updated_at'
    ) }}
),

renamed as (
    select
        subscription_id,
        coalesce(item_id, subscription_id) as item_id,
        account_id,
        plan_id,
        upper(currency) as currency,
        coalesce(quantity, 1) as quantity,
        unit_amount,
        "interval" as interval_unit, -- noqa: RF06
        coalesce(interval_count, 1) as interval_count,
        coalesce(discount_amount, 0) as discount_amount,
        discount_kind,
        coalesce(price_kind, 'recurring') as price_kind,
        coalesce(status, 'active') as status,
        period_start,
        period_end,
        cancel_requested_at,
        cancel_effective_at,
        cancel_kind,
        cancel_reason,
        replaces_subscription_id,
        updated_at,
        coalesce(is_deleted, false) as is_deleted,
        _batch_id,
        _loaded_at
    from latest
)

select * from renamed
