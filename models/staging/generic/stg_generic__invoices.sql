-- one row per invoice, in its latest version
with invoices as (
    {{ latest_version(source('generic', 'invoices'), ['invoice_id'], 'updated_at') }}
),

-- A refund without a date takes the date of the first version of the invoice that has the refund.
undated_refunds as (
    select
        invoice_id,
        min(coalesce(updated_at, _loaded_at)) as known_at
    from {{ source('generic', 'invoices') }}
    where
        amount_refunded > 0
        and refunded_at is null
    group by invoice_id
),

renamed as (
    select
        invoices.invoice_id,
        invoices.account_id,
        invoices.subscription_id,
        invoices.issued_at,
        invoices.due_at,
        invoices.paid_at,
        upper(invoices.currency) as currency,
        invoices.amount,
        coalesce(invoices.amount_refunded, 0) as amount_refunded,
        case
            when invoices.refunded_at is not null then invoices.refunded_at
            when invoices.amount_refunded > 0 then undated_refunds.known_at
        end as refunded_at,
        invoices.refunded_at is null and coalesce(invoices.amount_refunded, 0) > 0 as is_refunded_without_date,
        invoices.status,
        invoices.updated_at,
        invoices._batch_id,
        invoices._loaded_at
    from invoices
    left join undated_refunds on invoices.invoice_id = undated_refunds.invoice_id
)

select * from renamed
