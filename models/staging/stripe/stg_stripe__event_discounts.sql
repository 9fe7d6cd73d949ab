-- one row per event of a subscription and discount of its whole in it
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'event_discounts'), ['event', 'id'], is_vendor=true) }}
)

select
    event as event_id,
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
    event_created as observed_at,
    _batch_id,
    _loaded_at
from latest_versions
where event_type like 'customer.subscription.%'
