-- one row per version of a subscription and addon
{{ config(enabled='chargebee' in var('connectors')) }}
with subscription_addons as (
    {{ latest_version(
        source('chargebee', 'subscription_addons'),
        ['subscription_id', 'id', 'subscription_updated_at'],
        is_vendor=true
    ) }}
)

select
    subscription_id,
    id as item_id,
    quantity,
    quantity_in_decimal,
    unit_price,
    unit_price_in_decimal,
    amount,
    amount_in_decimal,
    subscription_updated_at as version_at,
    _batch_id,
    _loaded_at
from subscription_addons
where not coalesce(_is_deleted, false)
