-- one row per return of money to a customer, with the invoice that it lowers
{{ config(enabled='stripe' in var('connectors')) }}
with invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
    where not is_test
),

charges as (
    select * from {{ ref('stg_stripe__charges') }}
),

refunds as (
    select * from {{ ref('stg_stripe__refunds') }}
    where status = 'succeeded' or status is null
),

-- The payments of each invoice, by every path that the generations of the API have had.
payments as (
    select
        charge_id,
        invoice_id
    from charges
    where invoice_id is not null
    union
    select
        charge_id,
        invoice_id
    from invoices
    where charge_id is not null
    union
    select
        charge_id,
        invoice_id
    from {{ ref('stg_stripe__invoice_payments') }}
    where charge_id is not null
),

intents as (
    select
        payment_intent_id,
        invoice_id
    from invoices
    where payment_intent_id is not null
    union
    select
        payment_intent_id,
        invoice_id
    from {{ ref('stg_stripe__invoice_payments') }}
    where payment_intent_id is not null
),

intent_invoices as (
    select
        payment_intent_id,
        min(invoice_id) as invoice_id
    from intents
    group by payment_intent_id
),

charge_invoices as (
    select
        charge_id,
        min(invoice_id) as invoice_id
    from payments
    group by charge_id
)

-- A charge that was refunded without a refund of its own in the delivery has no date.
select
    refunds.refund_id,
    coalesce(charge_invoices.invoice_id, intent_invoices.invoice_id, charge_intents.invoice_id) as invoice_id,
    refunds.amount,
    refunds.refunded_at
from refunds
left join charge_invoices on refunds.charge_id = charge_invoices.charge_id
left join charges on refunds.charge_id = charges.charge_id
left join intent_invoices on refunds.payment_intent_id = intent_invoices.payment_intent_id
left join intent_invoices as charge_intents on charges.payment_intent_id = charge_intents.payment_intent_id
union all
select
    charges.charge_id as refund_id,
    coalesce(charge_invoices.invoice_id, charge_intents.invoice_id) as invoice_id,
    charges.amount_refunded as amount,
    cast(null as timestamp) as refunded_at
from charges
left join refunds on charges.charge_id = refunds.charge_id
left join charge_invoices on charges.charge_id = charge_invoices.charge_id
left join intent_invoices as charge_intents on charges.payment_intent_id = charge_intents.payment_intent_id
where charges.amount_refunded > 0 and refunds.refund_id is null
union all
select
    credit_note_id as refund_id,
    invoice_id,
    amount_returned as amount,
    credited_at as refunded_at
from {{ ref('stg_stripe__credit_notes') }}
where amount_returned > 0 and coalesce(status, 'issued') <> 'void'
