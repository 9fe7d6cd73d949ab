-- one row per invoice
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'invoices'), ['id'], is_vendor=true) }}
)

select
    id as invoice_id,
    {{ reference_id('customer') }} as customer_id,
    coalesce({{ reference_id('subscription') }}, parent_subscription_details_subscription) as subscription_id,
    coalesce(status, case when paid then 'paid' else 'open' end) as status,
    upper(currency) as currency,
    total,
    coalesce(status_transitions_finalized_at, effective_at, created) as issued_at,
    status_transitions_paid_at as paid_at,
    due_date as due_at,
    {{ reference_id('charge') }} as charge_id,
    {{ reference_id('payment_intent') }} as payment_intent_id,
    coalesce(not livemode, false) as is_test,
    _batch_id,
    _loaded_at
from latest_versions
