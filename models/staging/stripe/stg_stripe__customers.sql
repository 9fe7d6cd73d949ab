-- one row per customer of billing
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'customers'), ['id'], is_vendor=true) }}
)

select
    id as customer_id,
    email,
    created as created_at,
    metadata,
    _extra,
    coalesce(not livemode, false) or test_clock is not null as is_test,
    coalesce(_is_deleted, false) as is_deleted,
    discount_id,
    coalesce(discount_coupon_id, {{ reference_id('discount_source_coupon') }}) as coupon_id,
    discount_coupon_duration as coupon_duration,
    discount_coupon_duration_in_months as coupon_months,
    discount_coupon_percent_off as percent_off,
    discount_coupon_amount_off as amount_off,
    upper(discount_coupon_currency) as coupon_currency,
    discount_coupon_applies_to_products as coupon_products,
    discount_start,
    discount_end,
    _batch_id,
    _loaded_at
from latest_versions
