-- one row per charge
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'charges'), ['id'], is_vendor=true) }}
)

select
    id as charge_id,
    {{ reference_id('invoice') }} as invoice_id,
    {{ reference_id('payment_intent') }} as payment_intent_id,
    amount_refunded,
    _batch_id,
    _loaded_at
from latest_versions
