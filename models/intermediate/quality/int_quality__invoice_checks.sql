-- one row per invoice check
{%- set checks = [
    ('paid_without_date', 'is_paid_without_date',
     'Invoices that are paid without a date of payment. They count as paid when they were issued.'),
    ('refunded_without_date', 'is_refunded_without_date',
     'Refunds without a date. They count from the first version of the invoice that has them.'),
    ('refund_above_amount', 'amount > 0 and amount_refunded > amount',
     'Invoices with a refund above what was billed. The amount billed counts.')
] %}
with invoices as (
    select * from {{ ref('unified_invoices') }}
)
{%- for name, condition, meaning in checks %}

select
    '{{ name }}' as check_name,
    'invoices' as table_name,
    'all' as detail,
    count(*) as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    '{{ meaning }}' as description
from invoices
where {{ condition }}
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
