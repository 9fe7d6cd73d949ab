-- one row per check of the invoices
{%- set checks = [
    ('account_unknown', 'is_of_unknown_account', 'Invoices of accounts that nobody else knows. They change nothing.'),
    ('paid_without_date', 'is_paid_without_date',
     'Invoices that are paid, nobody says when. They count as paid when they were issued.'),
    ('refunded_without_date', 'is_refunded_without_date',
     'Refunds without a date. They count from the first version of the invoice that has them.'),
    ('refund_above_amount', 'has_excess_refund', 'Invoices of which more was given back than billed. The amount billed counts.'),
    ('subscription_unknown', 'is_of_unknown_subscription',
     'Invoices of a subscription that nobody delivered. Their payments and refunds change nothing.')
] %}
with subscriptions as (
    select distinct subscription_id
    from {{ ref('unified_subscription_periods') }}
),

invoices as (
    select
        invoices.is_paid_without_date,
        invoices.is_refunded_without_date,
        accounts.account_id is null as is_of_unknown_account,
        invoices.amount > 0 and invoices.amount_refunded > invoices.amount as has_excess_refund,
        invoices.subscription_id is not null and subscriptions.subscription_id is null as is_of_unknown_subscription
    from {{ ref('unified_invoices') }} as invoices
    left join {{ ref('unified_accounts') }} as accounts on invoices.account_id = accounts.account_id
    left join subscriptions on invoices.subscription_id = subscriptions.subscription_id
)
{%- for name, condition, meaning in checks %}

select
    '{{ name }}' as check_name,
    'invoices' as table_name,
    'all' as detail,
    count(*) as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as mrr,
    '{{ meaning }}' as description
from invoices
where {{ condition }}
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
