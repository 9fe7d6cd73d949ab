-- one row per item price, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with item_prices as (
    {{ latest_version(source('chargebee', 'item_prices'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as item_price_id,
    item_id,
    lower(item_type) as item_type,
    name,
    external_name,
    lower(pricing_model) as pricing_model,
    price,
    price_in_decimal,
    free_quantity,
    free_quantity_in_decimal,
    upper(currency_code) as currency,
    period,
    lower(period_unit) as period_unit,
    updated_at,
    _batch_id,
    _loaded_at
from item_prices
