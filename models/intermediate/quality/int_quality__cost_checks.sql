-- one row per check of the acquisition costs and currency, or per check that finds nothing
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

declared as (
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

odd as (
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

found as (
    select
        check_name,
        currency || ' ' || cast(cast(sum(amount) as decimal(18, 4)) as {{ dbt.type_string() }}) as detail,
        count(*) as rows_found
    from odd
    group by check_name, currency
)

select
    declared.check_name,
    'acquisition_costs' as table_name,
    coalesce(found.detail, 'all') as detail,
    coalesce(found.rows_found, 0) as observed,
    declared.expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as mrr,
    declared.description || ' Detail: their sum.' as description
from declared
left join found on declared.check_name = found.check_name
