-- one row per plan, or code of an add-on
{{ config(enabled='recurly' in var('connectors')) }}
select
    plan_id,
    coalesce(plan_name, plan_code) as plan_name,
    cast(null as {{ dbt.type_string() }}) as product,
    cast(null as {{ dbt.type_string() }}) as tier,
    cast(null as {{ dbt.type_bigint() }}) as tier_rank,
    _batch_id,
    _loaded_at
from {{ ref('stg_recurly__plans') }}
union all
select
    'add_on:' || add_on_code as plan_id,
    coalesce(add_on_name, add_on_code) as plan_name,
    cast(null as {{ dbt.type_string() }}) as product,
    cast(null as {{ dbt.type_string() }}) as tier,
    cast(null as {{ dbt.type_bigint() }}) as tier_rank,
    _batch_id,
    _loaded_at
from {{ ref('unified_recurly__add_on_types') }}
