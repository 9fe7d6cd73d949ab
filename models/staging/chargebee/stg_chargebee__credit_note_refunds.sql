-- one row per credit note and refund, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with credit_note_refunds as (
    {{ latest_version(
        source('chargebee', 'credit_note_refunds'),
        ['credit_note_id', 'txn_id'],
        'credit_note_updated_at',
        is_vendor=true
    ) }}
)

select
    credit_note_id,
    credit_note_updated_at,
    txn_id as transaction_id,
    applied_amount,
    applied_at as refunded_at,
    lower(txn_status) as transaction_status,
    _batch_id,
    _loaded_at
from credit_note_refunds
