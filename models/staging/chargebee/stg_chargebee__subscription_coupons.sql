-- one row per subscription and coupon, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with subscription_coupons as (
    {{ latest_version(
        source('chargebee', 'subscription_coupons'),
        ['subscription_id', 'coupon_id'],
        'subscription_updated_at',
        is_vendor=true
    ) }}
)

select
    subscription_id,
    subscription_updated_at,
    coupon_id,
    apply_till,
    _batch_id,
    _loaded_at
from subscription_coupons
