-- one row per price
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'prices'), ['id'], is_vendor=true) }}
)

select
    id as price_id,
    {{ reference_id('product') }} as product_id,
    nickname as price_name,
    upper(currency) as price_currency,
    type as price_type,
    billing_scheme,
    coalesce(unit_amount_decimal, unit_amount) as unit_amount,
    recurring_interval as interval_unit,
    recurring_interval_count as interval_count,
    recurring_usage_type as usage_type,
    transform_quantity_divide_by as package_size,
    transform_quantity_round as package_rounding,
    _batch_id,
    _loaded_at
from latest_versions
