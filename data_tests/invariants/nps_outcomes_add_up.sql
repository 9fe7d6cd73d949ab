-- What the accounts of a category gained and lost adds up from their starting to their ending MRR. All categories
-- together have at most the accounts and the MRR that `retention_monthly` starts with.
with categories as (
    select
        quarter,
        survey_kind,
        cast({{ dbt.dateadd('month', 14, 'quarter') }} as date) as month,
        sum(accounts) as accounts,
        sum(starting_mrr) as starting_mrr,
        sum(ending_mrr) as ending_mrr
    from {{ ref('nps_outcomes') }}
    where is_complete
    group by quarter, survey_kind
)

select
    quarter,
    survey_kind,
    nps_category
from {{ ref('nps_outcomes') }}
where
    is_complete <> (ending_mrr is not null)
    or starting_mrr + expansion_mrr + contraction_mrr + churned_mrr <> ending_mrr
    or expansion_mrr < 0
    or contraction_mrr > 0
    or churned_mrr > 0
    or churned_accounts not between 0 and accounts
    or grr > nrr
    or (is_complete and (customer_retention_rate is null) <> (accounts = 0))
    or (is_complete and (nrr is null) <> (starting_mrr = 0))
union all
select
    categories.quarter,
    categories.survey_kind,
    'all' as nps_category
from categories
left join {{ ref('retention_monthly') }} as retention
    on
        categories.month = retention.month
        and retention.window_months = 12
        and retention.dimension = 'all'
where
    categories.accounts > coalesce(retention.starting_customers, 0)
    or categories.starting_mrr > coalesce(retention.starting_mrr, 0)
    or categories.ending_mrr > coalesce(retention.ending_mrr, 0)
