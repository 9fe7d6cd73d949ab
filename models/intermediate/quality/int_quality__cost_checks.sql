-- one row per acquisition cost check and currency of its findings; a check without findings has one row
with costs as (
    select
        *,
        {{ month_number('month') }} as month_number
    from {{ ref('unified_acquisition_costs') }}
),

channels as (
    select distinct acquisition_channel
    from {{ ref('unified_accounts') }}
),

first_months as (
    select min(month_number) as month_number
    from {{ ref('int_mrr__account_months') }}
),

checks as (
    select
        'channel_unknown' as check_name,
        cast(0 as bigint) as expected,
        'Costs, by month, of a channel that no account came by. They count in the total of all channels.' as description
    union all
    select
        'before_the_first_mrr' as check_name,
        cast(null as bigint) as expected,
        'Costs, by month and channel, of months before the first MRR, which no mart shows.' as description
    union all
    select
        'starts_after_as_of' as check_name,
        cast(null as bigint) as expected,
        'Costs, by month and channel, of months after as_of. They count later.' as description
),

findings as (
    select
        'channel_unknown' as check_name,
        costs.currency,
        costs.amount
    from costs
    left join channels on costs.channel = channels.acquisition_channel
    where channels.acquisition_channel is null
    union all
    select
        'before_the_first_mrr' as check_name,
        costs.currency,
        costs.amount
    from costs
    inner join first_months on costs.month_number < first_months.month_number
    union all
    select
        'starts_after_as_of' as check_name,
        currency,
        amount
    from costs
    where month_number > {{ as_of_month() }}
),

totals as (
    select
        check_name,
        currency || ' ' || cast(cast(sum(amount) as decimal(18, 4)) as {{ dbt.type_string() }}) as detail,
        count(*) as rows_found
    from findings
    group by check_name, currency
)

select
    checks.check_name,
    'acquisition_costs' as table_name,
    coalesce(totals.detail, 'all') as detail,
    coalesce(totals.rows_found, 0) as observed,
    checks.expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    checks.description || ' Detail: their sum.' as description
from checks
left join totals on checks.check_name = totals.check_name
