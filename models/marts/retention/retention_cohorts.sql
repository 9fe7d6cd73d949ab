-- one row per cohort month, months since and slice; the slice is the account's in its cohort month
with cohort_totals as (
    select * from {{ ref('int_retention__cohort_totals') }}
),

sliced as (
    select
        cohort_month_number,
        month_number,
        {{ slice_columns() }},
        cast(sum(cohort_customers) as bigint) as cohort_customers,
        cast(sum(retained_customers) as bigint) as retained_customers,
        sum(retained_mrr) as retained_mrr,
        sum(lowest_mrr) as lowest_mrr
    from cohort_totals
    group by {{ slice_sets(['cohort_month_number', 'month_number']) }} -- noqa: PRS
),

based as (
    select
        *,
        month_number < {{ as_of_month() }} as is_complete,
        max(case when month_number = cohort_month_number then retained_mrr end) over (
            partition by cohort_month_number, dimension, dimension_value
        ) as cohort_mrr
    from sliced
)

select
    {{ month_start('cohort_month_number') }} as cohort_month,
    cast(month_number - cohort_month_number as bigint) as months_since,
    dimension,
    dimension_value,
    is_complete,
    cohort_customers,
    retained_customers,
    case when is_complete then {{ rate('retained_customers', 'cohort_customers') }} end as customer_retention_rate,
    cast(cohort_mrr as decimal(18, 4)) as cohort_mrr,
    cast(retained_mrr as decimal(18, 4)) as retained_mrr,
    cast(lowest_mrr as decimal(18, 4)) as lowest_mrr,
    case when is_complete then {{ rate('retained_mrr', 'cohort_mrr') }} end as net_mrr_retention_rate,
    case when is_complete then {{ rate('lowest_mrr', 'cohort_mrr') }} end as gross_mrr_retention_rate
from based
