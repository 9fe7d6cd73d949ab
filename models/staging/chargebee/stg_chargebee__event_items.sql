-- one row per event and item
{{ config(enabled='chargebee' in var('connectors')) }}
with event_items as (
    {{ latest_version(source('chargebee', 'event_items'), ['event_id', 'item_price_id'], none, is_vendor=true) }}
)

select
    event_id,
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
    _batch_id,
    _loaded_at
from event_items
