-- one row per subscription and discount, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with subscription_discounts as (
    {{ latest_version(
        source('chargebee', 'subscription_discounts'),
        ['subscription_id', 'id'],
        'subscription_updated_at',
        is_vendor=true
    ) }}
)

select
    subscription_id,
    subscription_updated_at,
    id as discount_id,
    lower(type) as discount_type,
    percentage as percent_off,
    amount as amount_off,
    upper(currency_code) as currency,
    lower(duration_type) as duration_type,
    period,
    lower(period_unit) as period_unit,
    lower(apply_on) as apply_on,
    item_price_id,
    included_in_mrr,
    coupon_id,
    created_at,
    apply_till,
    _batch_id,
    _loaded_at
from subscription_discounts
