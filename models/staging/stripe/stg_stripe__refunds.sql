-- one row per refund
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'refunds'), ['id'], is_vendor=true) }}
)

select
    id as refund_id,
    {{ reference_id('charge') }} as charge_id,
    {{ reference_id('payment_intent') }} as payment_intent_id,
    status,
    amount,
    created as refunded_at,
    _batch_id,
    _loaded_at
from latest_versions
