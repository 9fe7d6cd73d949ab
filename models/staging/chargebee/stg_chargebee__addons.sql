-- one row per addon, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with addons as (
    {{ latest_version(source('chargebee', 'addons'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as addon_id,
    name,
    invoice_name,
    lower(pricing_model) as pricing_model,
    lower(charge_type) as charge_type,
    price,
    price_in_decimal,
    upper(currency_code) as currency,
    period,
    lower(period_unit) as period_unit,
    included_in_mrr,
    updated_at,
    _batch_id,
    _loaded_at
from addons
