-- one row per version of a subscription and item
{{ config(enabled='chargebee' in var('connectors')) }}
with subscription_items as (
    {{ latest_version(
        source('chargebee', 'subscription_items'),
        ['subscription_id', 'item_price_id', 'subscription_updated_at'],
        is_vendor=true
    ) }}
)

select
    subscription_id,
    item_price_id as item_id,
    lower(item_type) as item_type,
    quantity,
    quantity_in_decimal,
    free_quantity,
    free_quantity_in_decimal,
    unit_price,
    unit_price_in_decimal,
    amount,
    amount_in_decimal,
    billing_period,
    lower(billing_period_unit) as billing_period_unit,
    subscription_updated_at as version_at,
    _batch_id,
    _loaded_at
from subscription_items
where not coalesce(_is_deleted, false)
