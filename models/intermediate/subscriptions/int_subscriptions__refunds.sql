-- one row per refunded invoice and subscription that the invoice paid for
{{ config(materialized=inlined()) }}
with invoices as (
    select
        source_system,
        invoice_id,
        account_id,
        subscription_id,
        issued_at,
        refunded_at,
        amount,
        least(amount_refunded, amount) as amount_refunded
    from {{ ref('unified_invoices') }}
    where
        amount > 0
        and amount_refunded > 0
        and refunded_at <= {{ as_of() }}
        and not {{ policy_is('refund_policy', 'ignore') }}
),

subscriptions as (
    select distinct
        source_system,
        account_id,
        subscription_id
    from {{ ref('unified_subscription_periods') }}
)

select
    source_system,
    invoice_id,
    subscription_id,
    cast(null as string) as account_id,
    issued_at,
    refunded_at,
    amount,
    amount_refunded
from invoices
where subscription_id is not null
union all
-- An invoice without a subscription is for all subscriptions of its account.
select
    subscriptions.source_system,
    invoices.invoice_id,
    subscriptions.subscription_id,
    invoices.account_id,
    invoices.issued_at,
    invoices.refunded_at,
    invoices.amount,
    invoices.amount_refunded
from invoices
inner join subscriptions on invoices.account_id = subscriptions.account_id
where invoices.subscription_id is null
