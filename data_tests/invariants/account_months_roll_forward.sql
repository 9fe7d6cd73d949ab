-- For every account and month, opening plus movements equals closing, with the event columns and with the net ones.
-- Each movement column has the sign of its type.
select
    account_id,
    month,
    opening_mrr,
    closing_mrr
from {{ ref('fct_account_months') }}
where
    opening_mrr + new_mrr + expansion_mrr + contraction_mrr + churn_mrr + reactivation_mrr + transfer_mrr
    + fx_impact_mrr <> closing_mrr
    or opening_mrr + net_new_mrr + net_expansion_mrr + net_contraction_mrr + net_churn_mrr + net_reactivation_mrr
    + transfer_mrr + fx_impact_mrr <> closing_mrr
    or least(
        opening_mrr, closing_mrr, new_mrr, expansion_mrr, -contraction_mrr, -churn_mrr, reactivation_mrr,
        net_new_mrr, net_expansion_mrr, -net_contraction_mrr, -net_churn_mrr, net_reactivation_mrr
    ) < 0
