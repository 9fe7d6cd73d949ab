-- one row per invoice with what was refunded of it
{{ config(enabled='stripe' in var('connectors')) }}
with invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
    where not is_test
),

totals as (
    select
        invoice_id,
        sum(amount) as amount_refunded,
        max(refunded_at) as refunded_at
    from {{ ref('unified_stripe__refunds') }}
    where invoice_id is not null
    group by invoice_id
)

select
    invoices.invoice_id,
    invoices.customer_id,
    invoices.subscription_id,
    invoices.status,
    invoices.currency,
    {{ major_units('invoices.total', 'invoices.currency', 'stripe') }} as total,
    invoices.issued_at,
    invoices.due_at,
    invoices.paid_at,
    {{ major_units('coalesce(totals.amount_refunded, 0)', 'invoices.currency', 'stripe') }} as amount_refunded,
    totals.refunded_at,
    invoices._batch_id,
    invoices._loaded_at
from invoices
left join totals on invoices.invoice_id = totals.invoice_id
