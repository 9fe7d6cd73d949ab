-- one row per credit note
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'credit_notes'), ['id'], is_vendor=true) }}
)

select
    id as credit_note_id,
    invoice as invoice_id,
    status,
    coalesce(effective_at, created) as credited_at,
    coalesce(out_of_band_amount, 0) as amount_returned,
    _batch_id,
    _loaded_at
from latest_versions
