-- Retention and churn rates stay within their bounds. A rate is null exactly if its denominator is zero.
-- Gross churn may exceed the opening MRR only if exchange rates or transfers added MRR before the loss.
select
    'retention_monthly' as mart,
    month,
    dimension,
    dimension_value,
    grr as observed
from {{ ref('retention_monthly') }}
where
    grr not between 0 and 1
    or grr > nrr + 1e-12
    or customer_retention_rate not between 0 and 1
    or (grr is null) <> (starting_mrr = 0)
union all
select
    'churn_monthly' as mart,
    churn.month,
    churn.dimension,
    churn.dimension_value,
    churn.gross_mrr_churn_rate as observed
from {{ ref('churn_monthly') }} as churn
inner join {{ ref('mrr_monthly') }} as mrr
    on
        churn.month = mrr.month
        and churn.dimension = mrr.dimension
        and churn.dimension_value = mrr.dimension_value
where
    churn.customer_churn_rate not between 0 and 1
    or churn.gross_mrr_churn_rate < 0
    or (mrr.fx_impact_mrr = 0 and mrr.transfer_mrr = 0 and churn.gross_mrr_churn_rate > 1)
    or (churn.customer_churn_rate is null) <> (churn.base_customers = 0)
    or (churn.gross_mrr_churn_rate is null) <> (churn.base_mrr = 0)
union all
select
    'retention_cohorts' as mart,
    cohort_month as month,
    dimension,
    dimension_value,
    gross_mrr_retention_rate as observed
from {{ ref('retention_cohorts') }}
where
    gross_mrr_retention_rate not between 0 and 1
    or customer_retention_rate not between 0 and 1
    or (not is_complete and coalesce(customer_retention_rate, net_mrr_retention_rate) is not null)
