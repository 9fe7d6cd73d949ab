-- one row per event and addon
{{ config(enabled='chargebee' in var('connectors')) }}
with event_addons as (
    {{ latest_version(source('chargebee', 'event_addons'), ['event_id', 'id'], none, is_vendor=true) }}
)

select
    event_id,
    id as item_id,
    quantity,
    quantity_in_decimal,
    unit_price,
    unit_price_in_decimal,
    amount,
    amount_in_decimal,
    _batch_id,
    _loaded_at
from event_addons
