-- The kinds of churn add up to churn, in the slices and in the reasons.
with by_slice as (
    select
        month,
        dimension,
        dimension_value,
        churned_customers,
        churned_mrr,
        voluntary_customers + involuntary_customers + dispute_customers + planned_end_customers + pause_customers
        + internal_customers + unknown_customers as kinds_customers,
        voluntary_mrr + involuntary_mrr + dispute_mrr + planned_end_mrr + pause_mrr + internal_mrr
        + unknown_mrr as kinds_mrr
    from {{ ref('churn_monthly') }}
),

by_reason as (
    select
        month,
        sum(customers) as customers,
        sum(mrr) as mrr
    from {{ ref('churn_reasons_monthly') }}
    group by month
)

select
    by_slice.month,
    by_slice.dimension_value,
    by_slice.churned_mrr,
    by_slice.kinds_mrr,
    by_reason.mrr as reasons_mrr
from by_slice
left join by_reason on by_slice.month = by_reason.month and by_slice.dimension = 'all'
where
    by_slice.churned_customers <> by_slice.kinds_customers
    or by_slice.churned_mrr <> by_slice.kinds_mrr
    or (
        by_slice.dimension = 'all'
        and (
            by_slice.churned_customers <> coalesce(by_reason.customers, 0)
            or by_slice.churned_mrr <> coalesce(by_reason.mrr, 0)
        )
    )
