-- For every month and slice, opening plus movements equals closing, for MRR (event and net) and for customers.
select
    month,
    dimension,
    dimension_value,
    opening_mrr,
    closing_mrr,
    opening_customers,
    closing_customers
from {{ ref('mrr_monthly') }}
where
    opening_mrr + new_mrr + expansion_mrr + contraction_mrr + churn_mrr + reactivation_mrr + transfer_mrr
    + fx_impact_mrr <> closing_mrr
    or opening_mrr + net_new_mrr + net_expansion_mrr + net_contraction_mrr + net_churn_mrr + net_reactivation_mrr
    + transfer_mrr + fx_impact_mrr <> closing_mrr
    or opening_customers + new_customers + reactivated_customers - churned_customers + transferred_customers
    <> closing_customers
    or (dimension = 'all' and transfer_mrr <> 0)
