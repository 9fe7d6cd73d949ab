-- one row per month of the health history and slice
{%- set bands = ['red', 'yellow', 'green'] %}
with account_months as (
    select * from {{ ref('int_health__customer_months') }}
),

combinations as (
    select * from {{ ref('int_accounts__slice_combinations') }}
),

attributed as (
    select
        {%- for dimension in account_dimensions() %}
        combinations.{{ dimension }},
        {%- endfor %}
        account_months.*
    from account_months
    inner join combinations on account_months.slice_number = combinations.slice_number
),

sliced as (
    select
        month_number,
        {{ slice_columns() }},
        {%- for band in bands %}
        sum(case when health_band = '{{ band }}' then 1 else 0 end) as {{ band }}_customers,
        sum(case when health_band = '{{ band }}' then closing_mrr else 0 end) as {{ band }}_mrr,
        {%- endfor %}
        count(*) as customers,
        count(health_score) as scored_customers,
        sum(health_score) as health_points,
        sum(case when is_at_risk then 1 else 0 end) as customers_at_risk,
        sum(case when is_at_risk then closing_mrr else 0 end) as mrr_at_stake
    from attributed
    group by {{ slice_sets(['month_number']) }} -- noqa: PRS
)

select
    {{ month_start('month_number') }} as month,
    dimension,
    dimension_value,
    month_number < {{ as_of_month() }} as is_complete,
    cast(customers as bigint) as customers,
    cast(scored_customers as bigint) as scored_customers,
    {%- for band in bands %}
    cast({{ band }}_customers as bigint) as {{ band }}_customers,
    {%- endfor %}
    {%- for band in bands %}
    cast({{ band }}_mrr as decimal(18, 4)) as {{ band }}_mrr,
    {%- endfor %}
    {{ rate('health_points', 'scored_customers') }} as average_health_score,
    cast(customers_at_risk as bigint) as customers_at_risk,
    cast(mrr_at_stake as decimal(18, 4)) as mrr_at_stake
from sliced
