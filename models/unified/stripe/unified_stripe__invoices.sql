-- one row per invoice
{{ config(enabled='stripe' in var('connectors')) }}
with customers as (
    select * from {{ ref('stg_stripe__customers') }}
    where is_test
)

select
    invoices.invoice_id,
    invoices.customer_id as customer_key,
    invoices.subscription_id,
    invoices.issued_at,
    invoices.due_at,
    invoices.paid_at,
    invoices.currency,
    cast(invoices.total as decimal(18, 4)) as amount,
    cast(invoices.amount_refunded as decimal(18, 4)) as amount_refunded,
    invoices.refunded_at,
    invoices.status,
    invoices._batch_id,
    invoices._loaded_at
from {{ ref('unified_stripe__refunded_invoices') }} as invoices
left join customers on invoices.customer_id = customers.customer_id
where
    customers.customer_id is null
    and invoices.customer_id is not null
    and invoices.issued_at is not null
    and invoices.currency is not null
    and invoices.total is not null
