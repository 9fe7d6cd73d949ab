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
        -- A paid invoice without a payment date counts as paid when it was issued.
        coalesce(paid_at, case when status = 'paid' then issued_at end) as paid_at,
        coalesce(paid_at is null and status = 'paid', false) as is_paid_without_date,
        currency,
        {{ round_money('amount') }} as amount,
        {{ round_money('amount_refunded') }} as amount_refunded,
        refunded_at,
        is_refunded_without_date,
        coalesce(status, case when paid_at is null then 'open' else 'paid' end) as status,
        _batch_id,
        _loaded_at
    from invoices
)

select * from unified
