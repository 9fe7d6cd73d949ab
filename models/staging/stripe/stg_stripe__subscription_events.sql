-- one row per event of a subscription
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'events'), ['id'], is_vendor=true) }}
)

select
    id as event_id,
    data_object_id as subscription_id,
    {{ reference_id('data_object_customer') }} as customer_id,
    data_object_status as status,
    upper(data_object_currency) as currency,
    data_object_created as created_at,
    data_object_start_date as start_date,
    data_object_trial_start as trial_start,
    data_object_trial_end as trial_end,
    data_object_current_period_start as current_period_start,
    data_object_current_period_end as current_period_end,
    coalesce(data_object_cancel_at_period_end, false) as is_canceled_at_period_end,
    data_object_cancel_at as cancel_at,
    data_object_canceled_at as canceled_at,
    data_object_ended_at as ended_at,
    data_object_cancellation_details_reason as cancellation_reason,
    data_object_cancellation_details_feedback as cancellation_feedback,
    data_object_pause_collection_behavior is not null as is_collection_paused,
    data_object_pause_collection_resumes_at as resumes_at,
    coalesce(data_object_items_has_more, false) as has_more_items,
    data_object_discount_id as discount_id,
    coalesce(data_object_discount_coupon_id, {{ reference_id('data_object_discount_source_coupon') }}) as coupon_id,
    data_object_discount_coupon_duration as coupon_duration,
    data_object_discount_coupon_duration_in_months as coupon_months,
    data_object_discount_coupon_percent_off as percent_off,
    data_object_discount_coupon_amount_off as amount_off,
    upper(data_object_discount_coupon_currency) as coupon_currency,
    data_object_discount_coupon_applies_to_products as coupon_products,
    data_object_discount_start as discount_start,
    data_object_discount_end as discount_end,
    coalesce(not livemode, false) or data_object_test_clock is not null as is_test,
    created as event_created_at,
    _batch_id,
    _loaded_at
from latest_versions
where
    type like 'customer.subscription.%'
    and type <> 'customer.subscription.trial_will_end'
    and data_object_id is not null
