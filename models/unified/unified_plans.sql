-- one row per plan
with plans as (
    select * from {{ ref('stg_generic__plans') }}
),

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
)

select * from unified
