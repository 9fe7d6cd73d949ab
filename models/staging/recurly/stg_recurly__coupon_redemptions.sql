-- one row per coupon redemption, in its latest version
{{ config(enabled='recurly' in var('connectors')) }}
with coupon_redemptions as (
    {{ latest_version(source('recurly', 'coupon_redemptions'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as redemption_id,
    account_id,
    subscription_id,
    coupon_id,
    lower(state) as state,
    lower(coupon_duration) as coupon_duration,
    lower(coupon_temporal_unit) as coupon_temporal_unit,
    coupon_temporal_amount,
    lower(coupon_discount_type) as coupon_discount_type,
    coupon_discount_percent as coupon_percent_off,
    created_at,
    removed_at,
    updated_at,
    _batch_id,
    _loaded_at
from coupon_redemptions
