-- one row per discount of a customer
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'customer_discounts'), ['id'], is_vendor=true) }}
)

select
    customer as customer_id,
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
    _batch_id,
    _loaded_at
from latest_versions
where customer is not null and subscription is null and invoice is null
