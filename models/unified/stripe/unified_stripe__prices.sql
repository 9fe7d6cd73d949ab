-- one row per price
{{ config(enabled='stripe' in var('connectors')) }}
{%- set columns = [
    'product_id', 'price_name', 'price_currency', 'price_type', 'billing_scheme', 'unit_amount', 'interval_unit',
    'interval_count', 'usage_type', 'package_size', 'package_rounding',
] %}
{%- set places = ['prices', 'plans', 'item_versions', 'event_items', 'invoice_lines'] %}
with listed as (
    {%- for place in places %}
    select distinct
        price_id,
        {{ columns | join(',\n        ') }},
        {{ loop.index }} as place
    from {{ ref('stg_stripe__' ~ place) }}
    where price_id is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- A price never changes, so that any record that has a value is right. Names may change, and the price list decides.
known as (
    select
        price_id,
        {%- for column in columns %}
        {{ first_by(column, 'place') }} as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from listed
    group by price_id
)

select
    price_id,
    {{ "coalesce(product_id, price_id)" if var('stripe_plan') == 'product' else "price_id" }} as plan_id,
    product_id,
    price_name,
    price_currency,
    coalesce(price_type, case when interval_unit is not null then 'recurring' else 'one_time' end) as price_type,
    coalesce(usage_type = 'metered', false) as is_usage,
    case
        when coalesce(billing_scheme, '') <> 'tiered'
            then {{ major_units('unit_amount', 'price_currency', 'stripe') }}
    end as unit_amount,
    coalesce(billing_scheme = 'tiered', false) as is_tiered,
    interval_unit,
    coalesce(interval_count, 1) as interval_count,
    coalesce(package_size, 1) as package_size,
    package_rounding
from known
