-- one row per key of a plan, its id or the merchant's own
{{ config(enabled='recurly' in var('connectors')) }}
with keyed as (
    select
        plan_id as plan_key,
        1 as precedence,
        *
    from {{ ref('stg_recurly__plans') }}
    union all
    select
        plan_code as plan_key,
        2 as precedence,
        *
    from {{ ref('stg_recurly__plans') }}
    where plan_code is not null
),

ranked as (
    select
        *,
        row_number() over (partition by plan_key order by precedence asc, updated_at desc, plan_id asc) as plan_rank
    from keyed
)

select
    plan_key,
    plan_id,
    {{ recurly_interval_unit('interval_unit', 'interval_length') }} as interval_unit,
    {{ recurly_interval_count('interval_unit', 'interval_length') }} as interval_count
from ranked
where plan_rank = 1
