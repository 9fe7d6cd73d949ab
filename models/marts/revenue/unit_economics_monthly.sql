-- one row per month and slice
{%- set margin = none if policy('gross_margin') == 'none' else fraction(policy('gross_margin')) %}
{%- set slice = ['month_number', 'dimension', 'dimension_value'] %}
with revenue as (
    select
        {{ month_number('mrr.month') }} as month_number,
        mrr.dimension,
        mrr.dimension_value,
        mrr.closing_mrr,
        mrr.paying_customers,
        mrr.arpa,
        mrr.net_new_mrr,
        mrr.new_customers,
        mrr.average_sale_price,
        churn.churned_customers,
        churn.base_customers
    from {{ ref('mrr_monthly') }} as mrr
    inner join {{ ref('churn_monthly') }} as churn
        on
            mrr.month = churn.month
            and mrr.dimension = churn.dimension
            and mrr.dimension_value = churn.dimension_value
),

-- Months before the first MRR have no unit economics. Costs in a currency without an exchange rate are left out, and
-- _data_quality reports their amount.
valued_costs as (
    select * from {{ ref('int_costs__acquisition_costs') }}
    where
        acquisition_cost is not null
        and month_number >= (select min(revenue.month_number) from revenue)
),

costs as (
    select
        month_number,
        'all' as dimension,
        'all' as dimension_value,
        cast(sum(acquisition_cost) as decimal(18, 4)) as acquisition_cost
    from valued_costs
    group by month_number
    union all
    select
        month_number,
        'acquisition_channel' as dimension,
        channel as dimension_value,
        cast(sum(acquisition_cost) as decimal(18, 4)) as acquisition_cost
    from valued_costs
    where {{ ('acquisition_channel' in policy('slice_dimensions')) | string | lower }}
    group by month_number, channel
),

cost_months as (
    select distinct month_number from costs
),

-- A channel may have costs before it wins a customer. If a month has costs for some channels, the others cost zero. If
-- it has none at all, costs are null.
combined as (
    select
        {%- for column in slice %}
        coalesce(revenue.{{ column }}, costs.{{ column }}) as {{ column }},
        {%- endfor %}
        revenue.closing_mrr,
        revenue.paying_customers,
        revenue.arpa,
        revenue.net_new_mrr,
        coalesce(revenue.new_customers, 0) as new_customers,
        revenue.average_sale_price,
        coalesce(revenue.churned_customers, 0) as churned_customers,
        coalesce(revenue.base_customers, 0) as base_customers,
        costs.acquisition_cost
    from revenue
    full outer join costs
        on
            revenue.month_number = costs.month_number
            and revenue.dimension = costs.dimension
            and revenue.dimension_value = costs.dimension_value
),

-- The trailing window excludes the month itself, because churn lags and the last month is not complete.
trailing_months as (
    select
        combined.*,
        case
            when combined.dimension = 'acquisition_channel' and cost_months.month_number is not null
                then coalesce(combined.acquisition_cost, 0)
            else combined.acquisition_cost
        end as spent,
        cast(sum(combined.churned_customers) over six_months_before as bigint) as trailing_churned_customers,
        cast(sum(combined.base_customers) over six_months_before as bigint) as trailing_base_customers
    from combined
    left join cost_months on combined.month_number = cost_months.month_number
    window six_months_before as (
        partition by combined.dimension, combined.dimension_value
        order by combined.month_number
        range between 6 preceding and 1 preceding
    )
),

-- Each figure is computed from sums and rounded once. ARPA over churn rate is closing MRR * base / (paying * churned).
lifetimes as (
    select
        *,
        closing_mrr * trailing_base_customers as lifetime_mrr,
        nullif(paying_customers * trailing_churned_customers, 0) as lifetime_customers
    from trailing_months
)

select
    {{ month_start('month_number') }} as month,
    dimension,
    dimension_value,
    month_number < {{ as_of_month() }} as is_complete,
    arpa,
    trailing_churned_customers,
    trailing_base_customers,
    {{ rate('trailing_churned_customers', 'trailing_base_customers') }} as trailing_customer_churn_rate,
    {{ rate('trailing_base_customers', 'trailing_churned_customers') }} as average_lifetime_months,
    {{ divide_money('lifetime_mrr', 'lifetime_customers') }} as ltv_revenue,
    {% if margin -%}
    {{ divide_money('lifetime_mrr * ' ~ margin[0], 'lifetime_customers * ' ~ margin[1]) }}
    {%- else -%}
    cast(null as decimal(18, 4))
    {%- endif %} as ltv_margin,
    cast(new_customers as bigint) as new_customers,
    average_sale_price,
    spent as acquisition_cost,
    {{ divide_money('spent', 'nullif(new_customers, 0)') }} as cac,
    {%- if margin %}
    case when new_customers > 0 then {{ rate('spent * ' ~ margin[1], 'net_new_mrr * ' ~ margin[0]) }} end
        as cac_payback_months,
    {{ rate('lifetime_mrr * ' ~ margin[0], 'lifetime_customers * ' ~ margin[1]) }}
    / nullif({{ rate('spent', 'nullif(new_customers, 0)') }}, 0) as ltv_to_cac
    {%- else %}
    cast(null as double) as cac_payback_months,
    cast(null as double) as ltv_to_cac
    {%- endif %}
from lifetimes
