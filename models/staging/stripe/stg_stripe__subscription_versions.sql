-- one row per subscription and time at which it was observed
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('stripe', 'subscriptions'), ['id', 'coalesce(_version_from, _extracted_at, _loaded_at)'],
        is_vendor=true
    ) }}
)

select
    id as subscription_id,
    {{ reference_id('customer') }} as customer_id,
    status,
    upper(currency) as currency,
    created as created_at,
    start_date,
    trial_start,
    trial_end,
    current_period_start,
    current_period_end,
    coalesce(cancel_at_period_end, false) as is_canceled_at_period_end,
    cancel_at,
    canceled_at,
    ended_at,
    cancellation_details_reason as cancellation_reason,
    cancellation_details_feedback as cancellation_feedback,
    pause_collection_behavior is not null as is_collection_paused,
    pause_collection_resumes_at as resumes_at,
    coalesce(items_has_more, false) as has_more_items,
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
    coalesce(not livemode, false) or test_clock is not null as is_test,
    updated as updated_at,
    metadata,
    _extra,
    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_version_from, coalesce(_extracted_at, _loaded_at)) as observed_at,
    _version_from as changed_at,
    _batch_id,
    _loaded_at
from latest_versions
