-- one row per invoice, in its latest version
{{ config(enabled='recurly' in var('connectors')) }}
with invoices as (
    {{ latest_version(source('recurly', 'invoices'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as invoice_id,
    account_id,
    subscription_ids,
    lower(type) as type,
    lower(state) as state,
    total,
    upper(currency) as currency,
    created_at as issued_at,
    due_at,
    closed_at,
    updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from invoices
