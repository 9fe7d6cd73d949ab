-- one row per billed item, service period and invoice; the tiers of one price are one line
{{ config(enabled='stripe' in var('connectors')) }}
with invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
    where status not in ('draft', 'void') and not is_test
),

prices as (
    select * from {{ ref('unified_stripe__prices') }}
),

lines as (
    select
        invoice_lines.line_id,
        invoice_lines.invoice_id,
        coalesce(invoice_lines.subscription_id, invoices.subscription_id) as subscription_id,
        invoices.customer_id,
        invoices.status as invoice_status,
        invoices.issued_at,
        invoice_lines.item_id,
        invoice_lines.price_id,
        invoice_lines.currency,
        {{ major_units('invoice_lines.amount', 'invoice_lines.currency', 'stripe') }} as amount,
        coalesce(invoice_lines.quantity, 1) as quantity,
        {{ major_units('invoice_lines.discount_amount', 'invoice_lines.currency', 'stripe') }} as discount_amount,
        invoice_lines.discount_id,
        invoice_lines.starts_at,
        invoice_lines.ends_at,
        coalesce(prices.is_usage, false) as is_usage,
        coalesce(prices.is_tiered, false) as is_tiered,
        case
            when invoice_lines.is_proration and invoice_lines.amount < 0 then 'credit'
            when invoice_lines.is_proration then 'debit'
            when prices.price_type = 'one_time' then 'charge'
            when prices.price_id is null and invoice_lines.item_id is null then 'charge'
            when invoice_lines.amount >= 0 then 'full'
        end as line_kind,
        invoice_lines._batch_id,
        invoice_lines._loaded_at
    from {{ ref('stg_stripe__invoice_lines') }} as invoice_lines
    inner join invoices on invoice_lines.invoice_id = invoices.invoice_id
    left join prices on invoice_lines.price_id = prices.price_id
    where not invoice_lines.is_test
)

select
    invoice_id,
    subscription_id,
    coalesce(item_id, case when line_kind = 'charge' then line_id end) as item_id,
    line_kind,
    price_id,
    starts_at,
    ends_at,
    currency,
    is_usage,
    min(line_id) as line_id,
    min(customer_id) as customer_id,
    min(invoice_status) as invoice_status,
    min(issued_at) as issued_at,
    cast(sum(amount) as decimal(24, 8)) as amount,
    cast(sum(quantity) as decimal(18, 6)) as quantity,
    cast(sum(discount_amount) as decimal(24, 8)) as discount_amount,
    min(discount_id) as discount_id,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from lines
where line_kind is not null
group by
    invoice_id,
    subscription_id,
    coalesce(item_id, case when line_kind = 'charge' then line_id end),
    line_kind,
    price_id,
    starts_at,
    ends_at,
    currency,
    is_usage,
    -- Lines that are not tiers of one price stay apart.
    case when is_tiered or is_usage then '' else line_id end
