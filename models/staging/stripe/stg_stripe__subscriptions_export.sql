-- one row per subscription in the dashboard's export
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'subscriptions_export'), ['id'], is_vendor=true) }}
)

select
    id as subscription_id,
    customer_id,
    customer_email,
    lower(status) as status,
    upper(currency) as currency,
    plan as price_id,
    product as product_id,
    coalesce(quantity, 1) as quantity,
    amount as unit_amount,
    lower({{ adapter.quote('interval') }}) as interval_text,
    coalesce(start_date, created) as starts_at,
    current_period_start,
    current_period_end,
    trial_start,
    trial_end,
    coalesce(cancel_at_period_end, false) as is_canceled_at_period_end,
    canceled_at,
    ended_at,
    lower(cancellation_reason) as cancellation_reason,
    _batch_id,
    _loaded_at
from latest_versions
