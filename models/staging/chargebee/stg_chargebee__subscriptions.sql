-- one row per subscription, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with subscriptions as (
    {{ latest_version(source('chargebee', 'subscriptions'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as subscription_id,
    customer_id,
    upper(currency_code) as currency,
    lower(status) as status,
    created_at,
    started_at,
    activated_at,
    trial_start,
    trial_end,
    current_term_start,
    current_term_end,
    cancelled_at,
    cancel_schedule_created_at,
    lower(cancel_reason) as cancel_reason,
    cancel_reason_code,
    pause_date,
    resume_date,
    billing_period,
    lower(billing_period_unit) as billing_period_unit,
    plan_id,
    plan_quantity,
    plan_quantity_in_decimal,
    plan_unit_price,
    plan_unit_price_in_decimal,
    plan_amount,
    plan_amount_in_decimal,
    plan_free_quantity,
    plan_free_quantity_in_decimal,
    mrr,
    contract_term_id,
    lower(contract_term_status) as contract_term_status,
    contract_term_contract_start,
    contract_term_contract_end,
    contract_term_total_contract_value,
    lower(contract_term_action_at_term_end) as contract_term_action_at_term_end,
    updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from subscriptions
