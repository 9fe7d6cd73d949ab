-- one row per invoice
{{ config(enabled='chargebee' in var('connectors')) }}
with refunds as (
    select
        credit_notes.invoice_id,
        sum({{ major_units('refunds.applied_amount', 'credit_notes.currency', 'chargebee') }}) as amount_refunded,
        max(refunds.refunded_at) as refunded_at
    from {{ ref('stg_chargebee__credit_notes') }} as credit_notes
    inner join {{ ref('stg_chargebee__credit_note_refunds') }} as refunds
        on credit_notes.credit_note_id = refunds.credit_note_id
    where
        credit_notes.type = 'refundable'
        and coalesce(credit_notes.status, '') <> 'voided'
        and not credit_notes.is_deleted
        and coalesce(refunds.transaction_status, 'success') = 'success'
    group by credit_notes.invoice_id
)

select
    invoices.invoice_id,
    invoices.customer_id as customer_key,
    invoices.subscription_id,
    invoices.issued_at,
    invoices.due_at,
    invoices.paid_at,
    invoices.currency,
    cast({{ major_units('invoices.total', 'invoices.currency', 'chargebee') }} as decimal(18, 4)) as amount,
    cast(coalesce(refunds.amount_refunded, 0) as decimal(18, 4)) as amount_refunded,
    refunds.refunded_at,
    case invoices.status
        when 'paid' then 'paid'
        when 'not_paid' then 'uncollectible'
        when 'voided' then 'void'
        when 'pending' then 'draft'
        else 'open'
    end as status,
    invoices._batch_id,
    invoices._loaded_at
from {{ ref('stg_chargebee__invoices') }} as invoices
left join refunds on invoices.invoice_id = refunds.invoice_id
where
    not invoices.is_deleted
    and invoices.customer_id is not null
    and invoices.issued_at is not null
    and invoices.currency is not null
    and invoices.total is not null
