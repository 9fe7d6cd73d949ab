-- one row per invoice
with invoices as (
    {{ with_linked_account(ref('stg_generic__invoices')) }}
),

unified as (
    select
        'generic' as source_system,
        invoice_id,
        linked_account_id as account_id,
        subscription_id,
        issued_at,
        due_at,
        paid_at,
        currency,
        {{ round_money('amount') }} as amount,
        {{ round_money('amount_refunded') }} as amount_refunded,
        refunded_at,
        coalesce(status, case when paid_at is null then 'open' else 'paid' end) as status,
        _batch_id,
        _loaded_at
    from invoices
)

select * from unified
