-- one row per plausibility check and table
with periods as (
    select * from {{ ref('int_quality__periods') }}
),

customers as (
    select * from {{ ref('int_quality__accounts') }}
    where mrr > 0 and not is_internal
),

customer_totals as (
    select
        count(*) as customers,
        sum(mrr) as mrr
    from customers
),

plans_in_use as (
    select count(plan_id) as plans
    from periods
    where is_running
),

checks as (
    {%- for name, table, meaning in [
        ('account_with_most_mrr', 'subscription_periods',
         'One account has more than half of the MRR of at least ten. Detail: the account.'),
        ('price_far_from_its_plan', 'subscription_periods',
         'Periods at fifty times the usual price of their plan, or a fiftieth, such as cents for dollars. Detail: subscriptions.'),
        ('no_plan_at_all', 'subscription_periods',
         'All periods that run at as_of are without a plan. Detail: subscriptions.'),
        ('month_without_movement', 'subscription_periods',
         'Months in which nobody of at least twenty customers moved, between months with movements. Detail: the months.'),
        ('date_long_before', 'subscription_periods',
         'Periods that start before 1990, or five years before all others. Detail: subscriptions.'),
        ('date_long_before', 'accounts',
         'Accounts created before 1990, or five years before all others. Detail: accounts.'),
        ('date_long_before', 'contracts',
         'Contracts that start before 1990, or five years before all others. Detail: contracts.')
    ] %}
    select
        '{{ name }}' as check_name,
        '{{ table }}' as table_name,
        '{{ meaning }}' as description
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

findings as (
    select
        'account_with_most_mrr' as check_name,
        'subscription_periods' as table_name,
        customers.account_id as row_id,
        1 as rows_found,
        customers.mrr
    from customers
    cross join customer_totals
    where
        2 * customers.mrr > customer_totals.mrr
        and customer_totals.customers >= 10
    union all
    select
        'price_far_from_its_plan' as check_name,
        'subscription_periods' as table_name,
        subscription_id as row_id,
        periods as rows_found,
        mrr
    from {{ ref('int_quality__odd_prices') }}
    union all
    select
        'no_plan_at_all' as check_name,
        'subscription_periods' as table_name,
        periods.subscription_id as row_id,
        1 as rows_found,
        periods.mrr
    from periods
    cross join plans_in_use
    where
        periods.is_running
        and not periods.is_internal
        and periods.mrr > 0
        and plans_in_use.plans = 0
    union all
    select
        'month_without_movement' as check_name,
        'subscription_periods' as table_name,
        substring(cast({{ month_start('month_number') }} as {{ dbt.type_string() }}), 1, 7) as row_id,
        1 as rows_found,
        -- The same customers stay from month to month, so only the first month counts their money.
        case when month_number = min(month_number) over () then mrr end as mrr
    from {{ ref('int_quality__still_months') }}
    where customers >= 20
    union all
    select
        'date_long_before' as check_name,
        table_name,
        row_id,
        dates as rows_found,
        mrr
    from {{ ref('int_quality__old_dates') }}
),

ranked_findings as (
    select
        check_name,
        table_name,
        row_id,
        sum(rows_found) as rows_found,
        sum(mrr) as mrr,
        row_number() over (partition by check_name, table_name order by row_id) as place
    from findings
    group by check_name, table_name, row_id
),

check_totals as (
    select
        check_name,
        table_name,
        sum(rows_found) as rows_found,
        sum(mrr) as mrr,
        {{ sorted_list('case when place <= 5 then row_id end') }}
        || case
            when count(*) > 5 then ' and ' || cast(count(*) - 5 as {{ dbt.type_string() }}) || ' more' else ''
        end as detail
    from ranked_findings
    group by check_name, table_name
)

select
    checks.check_name,
    checks.table_name,
    coalesce(check_totals.detail, 'all') as detail,
    cast(coalesce(check_totals.rows_found, 0) as bigint) as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(coalesce(check_totals.mrr, 0) as decimal(18, 4)) as affected_mrr,
    checks.description
from checks
left join check_totals
    on
        checks.check_name = check_totals.check_name
        and checks.table_name = check_totals.table_name
