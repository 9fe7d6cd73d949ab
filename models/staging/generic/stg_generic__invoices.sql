-- one row per invoice, in its latest version
with latest as (
    {{ latest_version(source('generic', 'invoices'), ['invoice_id'], 'updated_at') }}
),

-- A refund without a date was given by the time at which a version first says so.
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
        latest.invoice_id,
        latest.account_id,
        latest.subscription_id,
        latest.issued_at,
        latest.due_at,
        latest.paid_at,
        upper(latest.currency) as currency,
        latest.amount,
        coalesce(latest.amount_refunded, 0) as amount_refunded,
        case
            when latest.refunded_at is not null then latest.refunded_at
            when latest.amount_refunded > 0 then undated_refunds.known_at
        end as refunded_at,
        latest.refunded_at is null and coalesce(latest.amount_refunded, 0) > 0 as is_refunded_without_date,
        latest.status,
        latest.updated_at,
        latest._batch_id,
        latest._loaded_at
    from latest
    left join undated_refunds on latest.invoice_id = undated_refunds.invoice_id
)

select * from renamed
