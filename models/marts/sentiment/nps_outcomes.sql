-- one row per complete quarter, survey kind and NPS category of an account
with votes as (
    select
        survey_kind,
        account_id,
        nps_category,
        weight as mrr_when_asked,
        period_start as quarter,
        {{ month_number('period_start') }} + 2 as start_month_number,
        {{ month_number('period_start') }} + 14 as end_month_number
    from {{ ref('int_sentiment__nps_votes') }}
    where
        period_type = 'quarter'
        and weighting = 'mrr'
        and nps_category is not null
),

account_months as (
    select
        account_id,
        month_number,
        closing_mrr,
        is_customer
    from {{ ref('int_mrr__account_months') }}
),

-- The months of an account have no gaps, so its window ends in a row.
windows as (
    select
        votes.*,
        coalesce(starts.is_customer, false) as was_customer,
        coalesce(ends.is_customer, false) as is_customer,
        case when starts.is_customer then starts.closing_mrr else 0 end as starting_mrr,
        case when starts.is_customer then coalesce(ends.closing_mrr, 0) else 0 end as ending_mrr
    from votes
    left join account_months as starts
        on
            votes.account_id = starts.account_id
            and votes.start_month_number = starts.month_number
    left join account_months as ends
        on
            votes.account_id = ends.account_id
            and votes.end_month_number = ends.month_number
    where votes.start_month_number < {{ as_of_month() }}
),

totals as (
    select
        quarter,
        survey_kind,
        nps_category,
        end_month_number < {{ as_of_month() }} as is_complete,
        sum(case when was_customer then 1 else 0 end) as accounts,
        sum(case when mrr_when_asked > 0 and not was_customer then 1 else 0 end) as already_left_accounts,
        sum(starting_mrr) as starting_mrr,
        sum(case when is_customer then greatest(ending_mrr - starting_mrr, 0) else 0 end) as expansion_mrr,
        sum(case when is_customer then least(ending_mrr - starting_mrr, 0) else 0 end) as contraction_mrr,
        sum(case when is_customer then 0 else -starting_mrr end) as churned_mrr,
        sum(ending_mrr) as ending_mrr,
        sum(case when was_customer and not is_customer then 1 else 0 end) as churned_accounts
    from windows
    group by quarter, survey_kind, nps_category, end_month_number
)

select
    quarter,
    survey_kind,
    nps_category,
    is_complete,
    cast(accounts as bigint) as accounts,
    cast(already_left_accounts as bigint) as already_left_accounts,
    cast(starting_mrr as decimal(18, 4)) as starting_mrr,
    {%- for measure in ['expansion_mrr', 'contraction_mrr', 'churned_mrr', 'ending_mrr'] %}
    cast(case when is_complete then {{ measure }} end as decimal(18, 4)) as {{ measure }},
    {%- endfor %}
    cast(case when is_complete then churned_accounts end as bigint) as churned_accounts,
    case when is_complete then {{ rate('accounts - churned_accounts', 'accounts') }} end as customer_retention_rate,
    case when is_complete then {{ rate('ending_mrr', 'starting_mrr') }} end as nrr,
    case when is_complete then {{ rate('starting_mrr + contraction_mrr + churned_mrr', 'starting_mrr') }} end as grr,
    case when is_complete then {{ rate('expansion_mrr', 'starting_mrr') }} end as expansion_rate
from totals
