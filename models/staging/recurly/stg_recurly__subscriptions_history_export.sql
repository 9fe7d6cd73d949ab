-- one row per subscription and version in the export
{{ config(enabled='recurly' in var('connectors')) }}
with subscriptions_history_export as (
    {{ latest_version(
        source('recurly', 'subscriptions_history_export'),
        ['subscription_uuid', 'version_uuid'],
        none,
        is_vendor=true
    ) }}
)

select
    subscription_uuid,
    subscription_id,
    version_uuid,
    account_code,
    lower(subscription_state) as state,
    version_started_at as version_at,
    version_ended_at,
    plan_code,
    upper(subscription_currency) as currency,
    lower(version_plan_interval_unit) as version_plan_interval_unit,
    version_plan_interval_length,
    version_subscription_quantity,
    version_subscription_unit_amount,
    version_in_trial,
    subscription_canceled_at,
    subscription_expires_at,
    _batch_id,
    _loaded_at
from subscriptions_history_export
