-- one row per coupon, in its latest version
{{ config(enabled='recurly' in var('connectors')) }}
with coupons as (
    {{ latest_version(source('recurly', 'coupons'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as coupon_id,
    code as coupon_code,
    lower(duration) as duration,
    lower(temporal_unit) as temporal_unit,
    temporal_amount,
    lower(discount_type) as discount_type,
    discount_percent as percent_off,
    applies_to_all_plans,
    updated_at,
    _batch_id,
    _loaded_at
from coupons
