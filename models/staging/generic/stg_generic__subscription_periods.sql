-- one row per subscription item and period start, in its latest version
with delivered as (
    select * from {{ source('generic', 'subscription_periods') }}
),

lines as (
    select * from {{ ref('stg_generic__subscription_line_ids') }}
),

identified as (
    select
        delivered.*,
        coalesce(lines.item_id, delivered.item_id, delivered.subscription_id) as line_id
    from delivered
    left join lines
        on
            delivered._batch_id = lines._batch_id
            and delivered._row = lines._row
),

latest as (
    {{ latest_version(
        'identified',
        ['subscription_id', 'line_id', 'period_start'],
        'updated_at'
    ) }}
),

renamed as (
    select
        subscription_id,
        line_id as item_id,
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
