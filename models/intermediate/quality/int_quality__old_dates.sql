-- one row per table and subscription, account or contract with a date long before all others of its table
with dates as (
    select
        'subscription_periods' as table_name,
        subscription_id as row_id,
        {{ month_number('period_start') }} as month_number,
        case when is_running then mrr end as mrr
    from {{ ref('int_quality__periods') }}
    union all
    select
        'accounts' as table_name,
        account_id as row_id,
        {{ month_number('created_at') }} as month_number,
        mrr
    from {{ ref('int_quality__accounts') }}
    where created_at is not null and is_in_crm
    union all
    select
        'contracts' as table_name,
        contract_id as row_id,
        {{ month_number('starts_on') }} as month_number,
        mrr
    from {{ ref('int_quality__contracts') }}
),

months as (
    select
        table_name,
        month_number,
        count(*) as dates
    from dates
    group by table_name, month_number
),

running_counts as (
    select
        table_name,
        month_number,
        sum(dates) over (partition by table_name order by month_number) as dates_so_far,
        sum(dates) over (partition by table_name) as all_dates
    from months
),

-- The business begins in the month in which the running count reaches 1 % of the dates and at least two dates.
beginnings as (
    select
        table_name,
        min(month_number) as month_number
    from running_counts
    where dates_so_far >= greatest(0.01 * all_dates, 2)
    group by table_name
)

select
    dates.table_name,
    dates.row_id,
    count(*) as dates,
    cast(sum(dates.mrr) as decimal(18, 4)) as mrr
from dates
left join beginnings on dates.table_name = beginnings.table_name
where
    dates.month_number < 1990 * 12
    or dates.month_number < beginnings.month_number - 5 * 12
group by dates.table_name, dates.row_id
