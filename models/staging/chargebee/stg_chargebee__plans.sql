-- one row per plan, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with plans as (
    {{ latest_version(source('chargebee', 'plans'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as plan_id,
    name,
    invoice_name,
    lower(pricing_model) as pricing_model,
    price,
    price_in_decimal,
    free_quantity,
    upper(currency_code) as currency,
    period,
    lower(period_unit) as period_unit,
    updated_at,
    _batch_id,
    _loaded_at
from plans
