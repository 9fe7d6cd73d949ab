-- one row per subscription, in its latest version
{{ config(enabled='recurly' in var('connectors')) }}
with subscriptions as (
    {{ latest_version(source('recurly', 'subscriptions'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as subscription_id,
    uuid,
    account_id,
    account_code,
    plan_id,
    plan_code,
    lower(state) as state,
    created_at,
    activated_at,
    current_period_started_at,
    current_term_started_at,
    current_term_ends_at,
    trial_started_at,
    trial_ends_at,
    paused_at,
    remaining_pause_cycles,
    canceled_at,
    expires_at,
    lower(expiration_reason) as expiration_reason,
    unit_amount,
    quantity,
    upper(currency) as currency,
    subtotal,
    auto_renew,
    total_billing_cycles,
    updated_at,
    _batch_id,
    _loaded_at
from subscriptions
