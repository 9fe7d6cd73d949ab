-- one row per invoice
with invoices as (
    {{ with_linked_account(ref('stg_generic__invoices')) }}
),
{%- if has_branch('invoices') %}

vendor_invoices as (
    {{- union_branches('invoices', [
        'invoice_id', 'customer_key', 'subscription_id', 'issued_at', 'due_at', 'paid_at', 'currency', 'amount',
        'amount_refunded', 'refunded_at', 'status', '_batch_id', '_loaded_at',
    ]) }}
),
{%- endif %}

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
    {%- if has_branch('invoices') %}
    union all
    select
        vendor_invoices.source_system,
        vendor_invoices.invoice_id,
        coalesce(
            account_keys.account_id, {{ vendor_id('vendor_invoices.source_system', 'vendor_invoices.customer_key') }}
        ) as account_id,
        vendor_invoices.subscription_id,
        vendor_invoices.issued_at,
        vendor_invoices.due_at,
        coalesce(
            vendor_invoices.paid_at, case when vendor_invoices.status = 'paid' then vendor_invoices.issued_at end
        ) as paid_at,
        vendor_invoices.paid_at is null and vendor_invoices.status = 'paid' as is_paid_without_date,
        vendor_invoices.currency,
        vendor_invoices.amount,
        vendor_invoices.amount_refunded,
        vendor_invoices.refunded_at,
        vendor_invoices.amount_refunded > 0 and vendor_invoices.refunded_at is null as is_refunded_without_date,
        vendor_invoices.status,
        vendor_invoices._batch_id,
        vendor_invoices._loaded_at
    from vendor_invoices
    left join {{ ref('unified_account_keys') }} as account_keys
        on
            vendor_invoices.source_system = account_keys.source_system
            and vendor_invoices.customer_key = account_keys.source_key
    {%- endif %}
)

select * from unified
