-- one row per month and combination of slice attributes: the smallest base from which every slice adds up
{%- set flows = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
{%- set churn_kinds = ['voluntary', 'involuntary', 'dispute', 'planned_end', 'pause', 'internal', 'unknown'] %}
with account_months as (
    select * from {{ ref('int_revenue__account_months') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

-- An account that changes its plan leaves one slice and enters another; for every other slice the two rows cancel out.
arrivals as (
    select
        *,
        opening_mrr > 0 and coalesce(opening_plan_id, '') <> coalesce(plan_id, '') as has_moved_plan
    from account_months
),

slice_rows as (
    select
        account_id,
        month_number,
        plan_id as slice_plan_id,
        case when has_moved_plan then 0 else opening_mrr end as opening_mrr,
        {%- for flow in flows + ['fx_impact'] %}
        {{ flow }}_mrr,
        {%- endfor %}
        case when has_moved_plan then opening_mrr else 0 end as transfer_mrr,
        closing_mrr,
        {%- for flow in flows %}
        net_{{ flow }}_mrr,
        {%- endfor %}
        committed_mrr,
        at_risk_mrr,
        net_movement_type,
        churn_kind,
        case when opening_mrr > 0 and not has_moved_plan then 1 else 0 end as opening_customers,
        case when has_moved_plan then 1 else 0 end as transferred_customers,
        case when closing_mrr > 0 then 1 else 0 end as closing_customers,
        case when is_new_and_churned then 1 else 0 end as new_and_churned_customers
    from arrivals
    union all
    select
        account_id,
        month_number,
        opening_plan_id as slice_plan_id,
        opening_mrr,
        {%- for flow in flows + ['fx_impact'] %}
        0 as {{ flow }}_mrr,
        {%- endfor %}
        -opening_mrr as transfer_mrr,
        0 as closing_mrr,
        {%- for flow in flows %}
        0 as net_{{ flow }}_mrr,
        {%- endfor %}
        0 as committed_mrr,
        0 as at_risk_mrr,
        null as net_movement_type,
        null as churn_kind,
        1 as opening_customers,
        -1 as transferred_customers,
        0 as closing_customers,
        0 as new_and_churned_customers
    from arrivals
    where has_moved_plan
),

attributed as (
    select
        slice_rows.*,
        {{ slice_attributes('accounts', 'slice_rows.slice_plan_id') }}
    from slice_rows
    inner join accounts on slice_rows.account_id = accounts.account_id
)

select
    month_number,
    {%- for dimension in policy('slice_dimensions') %}
    {{ dimension }},
    {%- endfor %}
    cast(sum(opening_mrr) as decimal(18, 4)) as opening_mrr,
    {%- for flow in flows + ['transfer', 'fx_impact'] %}
    cast(sum({{ flow }}_mrr) as decimal(18, 4)) as {{ flow }}_mrr,
    {%- endfor %}
    cast(sum(closing_mrr) as decimal(18, 4)) as closing_mrr,
    {%- for flow in flows %}
    cast(sum(net_{{ flow }}_mrr) as decimal(18, 4)) as net_{{ flow }}_mrr,
    {%- endfor %}
    cast(sum(committed_mrr) as decimal(18, 4)) as committed_mrr,
    cast(sum(at_risk_mrr) as decimal(18, 4)) as at_risk_mrr,
    sum(opening_customers) as opening_customers,
    sum(case when net_movement_type = 'new' then 1 else 0 end) as new_customers,
    sum(case when net_movement_type = 'reactivation' then 1 else 0 end) as reactivated_customers,
    sum(case when net_movement_type = 'churn' then 1 else 0 end) as churned_customers,
    sum(transferred_customers) as transferred_customers,
    sum(closing_customers) as closing_customers,
    sum(new_and_churned_customers) as new_and_churned_customers,
    {%- for kind in churn_kinds %}
    sum(case when churn_kind = '{{ kind }}' then 1 else 0 end) as {{ kind }}_customers,
    cast(sum(case when churn_kind = '{{ kind }}' then net_churn_mrr else 0 end) as decimal(18, 4)) as {{ kind }}_mrr
    {%- if not loop.last %},{% endif -%}
    {%- endfor %}
from attributed
group by {{ (['month_number'] + policy('slice_dimensions')) | join(', ') }}
