-- one row per coupon, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with coupons as (
    {{ latest_version(source('chargebee', 'coupons'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as coupon_id,
    lower(discount_type) as discount_type,
    discount_percentage as percent_off,
    discount_amount as amount_off,
    upper(currency_code) as currency,
    lower(duration_type) as duration_type,
    duration_month,
    period,
    lower(period_unit) as period_unit,
    lower(apply_on) as apply_on,
    included_in_mrr,
    updated_at,
    _batch_id,
    _loaded_at
from coupons
