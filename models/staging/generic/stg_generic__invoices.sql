-- one row per invoice, in its latest version
with latest as (
    {{ latest_version(source('generic', 'invoices'), ['invoice_id'], 'updated_at') }}
),

renamed as (
    select
        invoice_id,
        account_id,
        subscription_id,
        issued_at,
        due_at,
        paid_at,
        upper(currency) as currency,
        amount,
        coalesce(amount_refunded, 0) as amount_refunded,
        refunded_at,
        status,
        updated_at,
        _batch_id,
        _loaded_at
    from latest
)

select * from renamed
