-- one row per month and combination of slice attributes: the smallest base from which every slice adds up
{%- set flows = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
{%- set keys = ['month_number'] + policy('slice_dimensions') %}
{%- set stocks = [
    'opening_mrr', 'closing_mrr', 'committed_mrr', 'at_risk_mrr', 'opening_customers', 'closing_customers'
] %}
{%- set movements = [
    'fx_impact_mrr', 'new_mrr', 'expansion_mrr', 'contraction_mrr', 'churn_mrr', 'reactivation_mrr', 'net_new_mrr',
    'net_expansion_mrr', 'net_contraction_mrr', 'net_churn_mrr', 'net_reactivation_mrr', 'new_customers',
    'reactivated_customers', 'churned_customers', 'new_and_churned_customers'
] %}
{%- for kind in churn_kinds() %}
{%- do movements.extend([kind ~ '_customers', kind ~ '_mrr']) %}
{%- endfor %}
{%- set transfers = ['transfer_mrr', 'transferred_customers'] %}
with account_months as (
    select * from {{ ref('int_revenue__account_months') }}
),

month_changes as (
    select * from {{ ref('int_revenue__account_month_changes') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

-- Every month of every account has a balance ...
stock_totals as (
    select
        account_months.month_number,
        {{ slice_attributes('accounts', 'account_months.plan_id') }},
        sum(account_months.opening_mrr) as opening_mrr,
        sum(account_months.closing_mrr) as closing_mrr,
        sum(account_months.committed_mrr) as committed_mrr,
        sum(account_months.at_risk_mrr) as at_risk_mrr,
        sum(case when account_months.opening_mrr > 0 then 1 else 0 end) as opening_customers,
        sum(case when account_months.closing_mrr > 0 then 1 else 0 end) as closing_customers
    from account_months
    inner join accounts on account_months.account_id = accounts.account_id
    group by
        account_months.month_number,
        {{ slice_attributes('accounts', 'account_months.plan_id', with_names=false) }}
),

-- ... only few have movements.
movement_totals as (
    select
        month_changes.month_number,
        {{ slice_attributes('accounts', 'month_changes.plan_id') }},
        sum(month_changes.fx_impact_mrr) as fx_impact_mrr,
        {%- for flow in flows %}
        sum(month_changes.{{ flow }}_mrr) as {{ flow }}_mrr,
        sum(month_changes.net_{{ flow }}_mrr) as net_{{ flow }}_mrr,
        {%- endfor %}
        sum(case when month_changes.net_movement_type = 'new' then 1 else 0 end) as new_customers,
        sum(case when month_changes.net_movement_type = 'reactivation' then 1 else 0 end) as reactivated_customers,
        sum(case when month_changes.net_movement_type = 'churn' then 1 else 0 end) as churned_customers,
        sum(case when month_changes.is_new_and_churned then 1 else 0 end) as new_and_churned_customers,
        {%- for kind in churn_kinds() %}
        sum(case when month_changes.churn_kind = '{{ kind }}' then 1 else 0 end) as {{ kind }}_customers,
        sum(
            case when month_changes.churn_kind = '{{ kind }}' then month_changes.net_churn_mrr else 0 end
        ) as {{ kind }}_mrr
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    from month_changes
    inner join accounts on month_changes.account_id = accounts.account_id
    group by
        month_changes.month_number,
        {{ slice_attributes('accounts', 'month_changes.plan_id', with_names=false) }}
),

-- An account that changes its plan takes its opening balance from one slice to another.
plan_changes as (
    select * from month_changes
    where
        opening_mrr > 0
        and coalesce(opening_plan_id, '') <> coalesce(plan_id, '')
),

transfer_totals as (
    {%- for plan, sign in [('opening_plan_id', -1), ('plan_id', 1)] %}
    select
        plan_changes.month_number,
        {{ slice_attributes('accounts', 'plan_changes.' ~ plan) }},
        {{ sign }} * sum(plan_changes.opening_mrr) as transfer_mrr,
        {{ sign }} * count(*) as transferred_customers
    from plan_changes
    inner join accounts on plan_changes.account_id = accounts.account_id
    group by
        plan_changes.month_number,
        {{ slice_attributes('accounts', 'plan_changes.' ~ plan, with_names=false) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

combined as (
    {%- for relation, measures in [
        ('stock_totals', stocks), ('movement_totals', movements), ('transfer_totals', transfers)
    ] %}
    select
        {{ keys | join(', ') }},
        {%- for measure in stocks + movements + transfers %}
        {% if measure in measures %}{{ measure }}{% else %}0 as {{ measure }}{% endif %}
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    from {{ relation }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

-- The balance was counted where the account ended up, so its opening goes back to where it came from.
select
    {{ keys | join(', ') }},
    cast(sum(opening_mrr - transfer_mrr) as decimal(18, 4)) as opening_mrr,
    sum(opening_customers - transferred_customers) as opening_customers,
    {%- for measure in stocks + movements + transfers if measure not in ['opening_mrr', 'opening_customers'] %}
    {% if measure.endswith('_mrr') -%}
    cast(sum({{ measure }}) as decimal(18, 4))
    {%- else -%}
    sum({{ measure }})
    {%- endif %} as {{ measure }}
    {%- if not loop.last %},{% endif -%}
    {%- endfor %}
from combined
group by {{ keys | join(', ') }}
