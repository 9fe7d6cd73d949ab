-- one row per payment of an invoice
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'invoice_payments'), ['id'], is_vendor=true) }}
)

select
    id as payment_id,
    invoice as invoice_id,
    {{ reference_id('payment_charge') }} as charge_id,
    {{ reference_id('payment_payment_intent') }} as payment_intent_id,
    _batch_id,
    _loaded_at
from latest_versions
