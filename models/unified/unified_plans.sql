-- one row per plan
with plans as (
    select * from {{ ref('stg_generic__plans') }}
),
{%- if has_branch('plans') %}

-- Two systems may use the same id for different plans, so the plan of a vendor begins with its system.
vendor_plans as (
    {{- union_branches('plans', ['plan_id', 'plan_name', 'product', 'tier', 'tier_rank', '_batch_id', '_loaded_at']) }}
),
{%- endif %}

unified as (
    select
        plan_id,
        coalesce(plan_name, plan_id) as plan_name,
        product,
        tier,
        tier_rank,
        _batch_id,
        _loaded_at
    from plans
    {%- if has_branch('plans') %}
    union all
    select
        {{ vendor_id('source_system', 'plan_id') }} as plan_id,
        coalesce(plan_name, plan_id) as plan_name,
        product,
        tier,
        tier_rank,
        _batch_id,
        _loaded_at
    from vendor_plans
    {%- endif %}
)

select * from unified
