-- one row per invoice
{{ config(enabled='recurly' in var('connectors')) }}
with invoices as (
    select * from {{ ref('stg_recurly__invoices') }}
),

lines as (
    select * from {{ ref('stg_recurly__line_items') }}
),

refunds as (
    select
        lines.original_line_item_invoice_id as invoice_id,
        sum(abs(lines.amount)) as amount_refunded,
        max(coalesce(invoices.closed_at, invoices.issued_at)) as refunded_at
    from lines
    inner join invoices on lines.invoice_id = invoices.invoice_id
    where
        lines.refund
        and lines.type = 'credit'
        and lines.original_line_item_invoice_id is not null
        and coalesce(invoices.state, 'paid') not in ('failed', 'voided', 'pending')
        and not (lines.is_deleted or invoices.is_deleted)
    group by lines.original_line_item_invoice_id
),

-- An invoice bills all subscriptions of an account. Only an invoice of one names it.
line_subscriptions as (
    select
        invoice_id,
        case when min(subscription_id) = max(subscription_id) then min(subscription_id) end as subscription_id
    from lines
    group by invoice_id
),

listed as (
    select
        *,
        case when subscription_ids not like '%,%'
            then nullif(trim(replace(replace(replace(subscription_ids, '[', ''), ']', ''), '"', '')), '')
        end as only_subscription_id
    from invoices
)

select
    listed.invoice_id,
    listed.account_id as customer_key,
    case
        when listed.subscription_ids is not null then listed.only_subscription_id
        else line_subscriptions.subscription_id
    end as subscription_id,
    listed.issued_at,
    listed.due_at,
    case when listed.state in ('paid', 'closed') then listed.closed_at end as paid_at,
    listed.currency,
    cast(case when listed.type = 'credit' then -abs(listed.total) else listed.total end as decimal(18, 4)) as amount,
    cast(coalesce(refunds.amount_refunded, 0) as decimal(18, 4)) as amount_refunded,
    refunds.refunded_at,
    case
        when listed.state in ('paid', 'closed') then 'paid'
        when listed.state = 'failed' then 'uncollectible'
        when listed.state = 'voided' then 'void'
        when listed.state = 'pending' then 'draft'
        else 'open'
    end as status,
    listed._batch_id,
    listed._loaded_at
from listed
left join refunds on listed.invoice_id = refunds.invoice_id
left join line_subscriptions on listed.invoice_id = line_subscriptions.invoice_id
where
    not listed.is_deleted
    and listed.account_id is not null
    and listed.issued_at is not null
    and listed.currency is not null
    and listed.total is not null
