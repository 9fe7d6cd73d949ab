-- one row per item, or plan or addon of product catalog 1
{{ config(enabled='chargebee' in var('connectors')) }}
with delivered as (
    select
        item_id as plan_id,
        coalesce(external_name, name) as plan_name,
        item_family_id as product,
        1 as precedence,
        _batch_id,
        _loaded_at
    from {{ ref('stg_chargebee__items') }}
    union all
    select
        coalesce(item_id, item_price_id) as plan_id,
        coalesce(external_name, name) as plan_name,
        cast(null as {{ dbt.type_string() }}) as product,
        2 as precedence,
        _batch_id,
        _loaded_at
    from {{ ref('stg_chargebee__item_prices') }}
    union all
    select
        plan_id,
        coalesce(invoice_name, name) as plan_name,
        cast(null as {{ dbt.type_string() }}) as product,
        3 as precedence,
        _batch_id,
        _loaded_at
    from {{ ref('stg_chargebee__plans') }}
    union all
    select
        addon_id as plan_id,
        coalesce(invoice_name, name) as plan_name,
        cast(null as {{ dbt.type_string() }}) as product,
        4 as precedence,
        _batch_id,
        _loaded_at
    from {{ ref('stg_chargebee__addons') }}
),

ranked as (
    select
        *,
        row_number() over (partition by plan_id order by precedence, plan_name) as plan_rank
    from delivered
)

select
    plan_id,
    plan_name,
    product,
    cast(null as {{ dbt.type_string() }}) as tier,
    cast(null as {{ dbt.type_bigint() }}) as tier_rank,
    _batch_id,
    _loaded_at
from ranked
where plan_rank = 1
