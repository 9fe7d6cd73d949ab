-- one row per invoice, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with invoices as (
    {{ latest_version(source('chargebee', 'invoices'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as invoice_id,
    customer_id,
    subscription_id,
    lower(status) as status,
    date as issued_at,
    due_date as due_at,
    paid_at,
    total,
    upper(currency_code) as currency,
    updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from invoices
