-- one row per plan of the old kind
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'plans'), ['id'], is_vendor=true) }}
)

select
    id as price_id,
    {{ reference_id('product') }} as product_id,
    nickname as price_name,
    upper(currency) as price_currency,
    'recurring' as price_type,
    billing_scheme,
    coalesce(amount_decimal, amount) as unit_amount,
    {{ adapter.quote('interval') }} as interval_unit,
    interval_count,
    usage_type,
    transform_usage_divide_by as package_size,
    transform_usage_round as package_rounding,
    _batch_id,
    _loaded_at
from latest_versions
