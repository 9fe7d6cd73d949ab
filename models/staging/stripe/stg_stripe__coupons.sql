-- one row per coupon
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'coupons'), ['id'], is_vendor=true) }}
)

select
    id as coupon_id,
    duration as coupon_duration,
    duration_in_months as coupon_months,
    percent_off,
    amount_off,
    upper(currency) as coupon_currency,
    applies_to_products as coupon_products,
    _batch_id,
    _loaded_at
from latest_versions
