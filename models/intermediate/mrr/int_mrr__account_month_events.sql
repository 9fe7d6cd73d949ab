-- one row per account and month in which its MRR moves: the balance before and after, and the movements by type
{{ config(materialized=inlined()) }}
{%- set flows = ['new', 'expansion', 'contraction', 'churn', 'reactivation', 'fx_impact', 'transfer'] %}
{%- set is_opening = "movements.precedence = " ~ precedence('opening_balance') %}
with movements as (
    select * from {{ ref('int_mrr__account_movements') }}
),

plans as (
    select * from {{ ref('int_mrr__account_plans') }}
),

-- Each movement as if it were the only one of its month. Most movements are.
single_movements as (
    select
        movements.account_id,
        movements.month_number,
        movements.movement_number,
        movements.occurred_at,
        movements.is_only_in_month,
        case when {{ is_opening }} then movements.mrr_after else movements.mrr_before end as opening_mrr,
        movements.was_customer or {{ is_opening }} as was_customer,
        {%- for flow in flows %}
        {%- set movement_type = 'merge' if flow == 'transfer' else flow %}
        case when movements.movement_type = '{{ movement_type }}' then movements.mrr_change else 0 end
            as {{ flow }}_mrr,
        {%- endfor %}
        case
            when movements.movement_type <> 'merge' or movements.was_customer = movements.is_customer then 0
            when movements.is_customer then 1
            else -1
        end as transferred_customers,
        movements.mrr_after as closing_mrr,
        movements.mrr_change_constant,
        case when {{ is_opening }} then movements.mrr_change_constant else 0 end as opening_balance_constant,
        case when {{ is_opening }} then coalesce(plans.plan_id, '') end as opening_balance_plan_id,
        movements.is_customer,
        case when movements.movement_type in ('new', 'reactivation') then movements.movement_type end as joining_type,
        movements.churn_kind,
        movements.churn_reason,
        case when movements.movement_type = 'churn' then movements.mrr_before end as churned_mrr,
        -- An empty text means service without a plan. Null means that the movement does not affect the plan.
        case when plans.account_id is not null then coalesce(plans.plan_id, '') end as moved_to_plan_id
    from movements
    left join plans
        on
            movements.account_id = plans.account_id
            and movements.occurred_at = plans.occurred_at
            and movements.precedence <> {{ precedence('fx_impact') }}
)

select
    account_id,
    month_number,
    opening_mrr,
    was_customer,
    {%- for flow in flows %}
    {{ flow }}_mrr,
    {%- endfor %}
    transferred_customers,
    closing_mrr,
    mrr_change_constant,
    opening_balance_constant,
    opening_balance_plan_id,
    is_customer,
    joining_type,
    coalesce(joining_type = 'new', false) as has_joined,
    churn_kind,
    churn_reason,
    churned_mrr,
    moved_to_plan_id
from single_movements
where is_only_in_month
union all
select
    account_id,
    month_number,
    coalesce({{ first_by('opening_mrr', 'movement_number') }}, max(closing_mrr)) as opening_mrr,
    coalesce({{ first_by('was_customer', 'movement_number') }}, max(case when is_customer then 1 else 0 end) = 1)
        as was_customer,
    {%- for flow in flows %}
    sum({{ flow }}_mrr) as {{ flow }}_mrr,
    {%- endfor %}
    sum(transferred_customers) as transferred_customers,
    coalesce({{ last_by('closing_mrr', 'movement_number') }}, max(closing_mrr)) as closing_mrr,
    sum(mrr_change_constant) as mrr_change_constant,
    sum(opening_balance_constant) as opening_balance_constant,
    max(opening_balance_plan_id) as opening_balance_plan_id,
    coalesce({{ last_by('is_customer', 'movement_number') }}, max(case when is_customer then 1 else 0 end) = 1)
        as is_customer,
    {{ first_by('joining_type', 'movement_number') }} as joining_type,
    max(case when joining_type = 'new' then 1 else 0 end) = 1 as has_joined,
    {{ last_by('churn_kind', 'movement_number') }} as churn_kind,
    {{ last_by('churn_reason', 'movement_number') }} as churn_reason,
    {{ last_by('churned_mrr', 'movement_number') }} as churned_mrr,
    -- A plan may change without a movement, so the instant gives the order.
    {{ last_by('moved_to_plan_id', 'occurred_at') }} as moved_to_plan_id
from single_movements
where not is_only_in_month
group by account_id, month_number
