-- one row per credit note, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with credit_notes as (
    {{ latest_version(source('chargebee', 'credit_notes'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as credit_note_id,
    reference_invoice_id as invoice_id,
    lower(type) as type,
    lower(status) as status,
    upper(currency_code) as currency,
    updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from credit_notes
