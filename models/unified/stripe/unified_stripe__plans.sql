-- one row per plan: a product or a price, by the variable stripe_plan
{{ config(enabled='stripe' in var('connectors')) }}
with prices as (
    select * from {{ ref('unified_stripe__prices') }}
),

products as (
    select * from {{ ref('stg_stripe__products') }}
),

exported as (
    select
        coalesce(product_id, price_id) as plan_id,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from {{ ref('stg_stripe__subscriptions_export') }}
    where coalesce(product_id, price_id) is not null
    group by coalesce(product_id, price_id)
),

plans as (
    select
        prices.plan_id,
        {% if var('stripe_plan') == 'price' -%}
        coalesce(max(prices.price_name), max(products.product_name)) as plan_name,
        {%- else -%}
        coalesce(max(products.product_name), max(prices.price_name)) as plan_name,
        {%- endif %}
        max(products.product_name) as product,
        max(products._batch_id) as _batch_id,
        max(products._loaded_at) as _loaded_at
    from prices
    left join products on prices.product_id = products.product_id
    group by prices.plan_id
)

select
    coalesce(plans.plan_id, exported.plan_id) as plan_id,
    plans.plan_name,
    plans.product,
    cast(null as string) as tier,
    cast(null as bigint) as tier_rank,
    coalesce(plans._batch_id, exported._batch_id) as _batch_id,
    coalesce(plans._loaded_at, exported._loaded_at) as _loaded_at
from plans
full outer join exported on plans.plan_id = exported.plan_id
