-- one row per object with money and currency without an exchange rate; an object without findings has one row
with rates as (
    select * from {{ ref('int_quality__rates') }}
),

checks as (
    select
        'subscription_periods' as table_name,
        'fail' as severity,
        'Periods in a currency without any exchange rate by as_of. They count nowhere. Detail: what runs, a month.'
            as description
    union all
    select
        'contracts' as table_name,
        'fail' as severity,
        'Contracts without an exchange rate for their due date. Their money counts in no rate. Detail: their amounts.'
            as description
    union all
    select
        'acquisition_costs' as table_name,
        'fail' as severity,
        'Costs without an exchange rate for their month. They count nowhere. Detail: their sum.' as description
    union all
    select
        'invoices' as table_name,
        'warn' as severity,
        'Invoices in a currency without any exchange rate by as_of. No figure converts them. Detail: their sum.'
            as description
),

findings as (
    select
        'subscription_periods' as table_name,
        currency,
        case when is_running then own_mrr else 0 end as amount
    from {{ ref('int_quality__periods') }}
    where is_without_rate
    union all
    select
        'contracts' as table_name,
        currency,
        amount
    from {{ ref('int_quality__contracts') }}
    where is_without_rate
    union all
    select
        'acquisition_costs' as table_name,
        currency,
        amount
    from {{ ref('int_costs__acquisition_costs') }}
    where rate is null
    union all
    select
        'invoices' as table_name,
        invoices.currency,
        invoices.amount
    from {{ ref('unified_invoices') }} as invoices
    left join rates on invoices.currency = rates.currency
    where rates.currency is null
),

totals as (
    select
        table_name,
        currency || ' ' || cast(cast(sum(amount) as decimal(18, 4)) as {{ dbt.type_string() }}) as detail,
        count(*) as rows_found
    from findings
    group by table_name, currency
)

select
    'currency_without_rate' as check_name,
    checks.table_name,
    coalesce(totals.detail, 'all') as detail,
    coalesce(totals.rows_found, 0) as observed,
    cast(0 as bigint) as expected,
    checks.severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    checks.description
from checks
left join totals on checks.table_name = totals.table_name
