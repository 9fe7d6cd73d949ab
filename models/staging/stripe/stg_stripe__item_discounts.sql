-- one row per discount, subscription item and time at which it was observed
{{ config(enabled='stripe' in var('connectors')) }}
{%- set observed_at = 'coalesce(_version_from, _extracted_at, _loaded_at)' %}
with latest_versions as (
    {{ latest_version(source('stripe', 'item_discounts'), ['id', 'subscription_item', observed_at], is_vendor=true) }}
)

select
    subscription_item as item_id,
    subscription as subscription_id,
    id as discount_id,
    coalesce(coupon_id, {{ reference_id('source_coupon') }}) as coupon_id,
    coupon_duration,
    coupon_duration_in_months as coupon_months,
    coupon_percent_off as percent_off,
    coupon_amount_off as amount_off,
    upper(coupon_currency) as coupon_currency,
    coupon_applies_to_products as coupon_products,
    {{ adapter.quote('start') }} as discount_start,
    {{ adapter.quote('end') }} as discount_end,
    {{ observed_at }} as observed_at,
    _batch_id,
    _loaded_at
from latest_versions
