-- one row per discount, subscription and time at which it was observed
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('stripe', 'subscription_discounts'), ['id', 'subscription', 'coalesce(_version_from, _extracted_at, _loaded_at)'],
        is_vendor=true
    ) }}
)

select
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
    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_version_from, coalesce(_extracted_at, _loaded_at)) as observed_at,
    _batch_id,
    _loaded_at
from latest_versions
