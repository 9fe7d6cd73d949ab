-- one row per account and month in which its MRR moves: the balance before and after, and what moved it
{{ config(materialized='view') }}
{%- set flows = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
{%- set first_month = first_month_number() %}
with movements as (
    select * from {{ ref('int_revenue__account_movements') }}
),

plans as (
    select * from {{ ref('int_revenue__account_plans') }}
),

-- What the month is if it has no other movement: so it is with most of them.
single as (
    select
        movements.account_id,
        movements.month_number,
        movements.movement_number,
        movements.occurred_at,
        movements.is_only_in_month,
        {% if first_month is not none -%}
        case when movements.booking_order = 0 then movements.mrr_after else movements.mrr_before end as opening_mrr,
        movements.was_customer or movements.booking_order = 0 as was_customer,
        {%- else -%}
        movements.mrr_before as opening_mrr,
        movements.was_customer,
        {%- endif %}
        {%- for flow in flows + ['fx_impact'] %}
        case when movements.movement_type = '{{ flow }}' then movements.mrr_change else 0 end as {{ flow }}_mrr,
        {%- endfor %}
        case when movements.movement_type = 'merge' then movements.mrr_change else 0 end as transfer_mrr,
        case
            when movements.movement_type <> 'merge' or movements.was_customer = movements.is_customer then 0
            when movements.is_customer then 1
            else -1
        end as transferred_customers,
        movements.mrr_after as closing_mrr,
        movements.constant_change,
        {%- if first_month is not none %}
        case when movements.booking_order = 0 then movements.constant_change else 0 end as opening_constant,
        case when movements.booking_order = 0 then coalesce(plans.plan_id, '') end as opened_with_plan_id,
        {%- endif %}
        movements.is_customer,
        case when movements.movement_type in ('new', 'reactivation') then movements.movement_type end as joining_type,
        movements.churn_kind,
        movements.churn_reason,
        case when movements.movement_type = 'churn' then movements.mrr_before end as churned_mrr,
        -- Service without a plan is known, as an empty text; a movement that says nothing of the plan is null.
        case when plans.account_id is not null then coalesce(plans.plan_id, '') end as moved_to_plan_id
    from movements
    left join plans
        on
            movements.account_id = plans.account_id
            and movements.occurred_at = plans.booked_at
            and movements.booking_order <> 1
),

months as (
    select
        account_id,
        month_number,
        opening_mrr,
        was_customer,
        {%- for flow in flows + ['fx_impact', 'transfer'] %}
        {{ flow }}_mrr,
        {%- endfor %}
        transferred_customers,
        closing_mrr,
        constant_change,
        {%- if first_month is not none %}
        opening_constant,
        opened_with_plan_id,
        {%- endif %}
        is_customer,
        joining_type,
        coalesce(joining_type = 'new', false) as has_joined,
        churn_kind,
        churn_reason,
        churned_mrr,
        moved_to_plan_id
    from single
    where is_only_in_month
    union all
    select
        account_id,
        month_number,
        coalesce(min_by(opening_mrr, movement_number), max(closing_mrr)) as opening_mrr,
        coalesce(min_by(was_customer, movement_number), max(case when is_customer then 1 else 0 end) = 1)
            as was_customer,
        {%- for flow in flows + ['fx_impact', 'transfer'] %}
        sum({{ flow }}_mrr) as {{ flow }}_mrr,
        {%- endfor %}
        sum(transferred_customers) as transferred_customers,
        coalesce(max_by(closing_mrr, movement_number), max(closing_mrr)) as closing_mrr,
        sum(constant_change) as constant_change,
        {%- if first_month is not none %}
        sum(opening_constant) as opening_constant,
        max(opened_with_plan_id) as opened_with_plan_id,
        {%- endif %}
        coalesce(max_by(is_customer, movement_number), max(case when is_customer then 1 else 0 end) = 1)
            as is_customer,
        min_by(joining_type, movement_number) as joining_type,
        max(case when joining_type = 'new' then 1 else 0 end) = 1 as has_joined,
        max_by(churn_kind, movement_number) as churn_kind,
        max_by(churn_reason, movement_number) as churn_reason,
        max_by(churned_mrr, movement_number) as churned_mrr,
        -- A plan may change without a movement.
        max_by(moved_to_plan_id, occurred_at) as moved_to_plan_id
    from single
    where not is_only_in_month
    group by account_id, month_number
)

select * from months
