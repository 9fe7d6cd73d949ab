-- one row per month and slice
{%- set money = [
    'opening_mrr', 'new_mrr', 'expansion_mrr', 'contraction_mrr', 'churn_mrr', 'reactivation_mrr', 'transfer_mrr',
    'fx_impact_mrr', 'closing_mrr', 'net_new_mrr', 'net_expansion_mrr', 'net_contraction_mrr', 'net_churn_mrr',
    'net_reactivation_mrr', 'committed_mrr', 'at_risk_mrr', 'usage_mrr', 'opening_mrr_constant', 'closing_mrr_constant'
] %}
{%- set counts = [
    'opening_customers', 'new_customers', 'reactivated_customers', 'churned_customers', 'transferred_customers',
    'closing_customers', 'paying_customers'
] %}
with slice_totals as (
    select * from {{ ref('int_mrr__slice_months') }}
),

sliced as (
    select
        month_number,
        {{ slice_columns() }},
        {%- for measure in money %}
        cast(sum({{ measure }}) as decimal(18, 4)) as {{ measure }},
        {%- endfor %}
        {%- for measure in counts %}
        cast(sum({{ measure }}) as bigint) as {{ measure }}
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    from slice_totals
    group by {{ slice_sets(['month_number']) }} -- noqa: PRS
)

select
    {{ month_start('month_number') }} as month,
    dimension,
    dimension_value,
    month_number < {{ as_of_month() }} as is_complete,
    {%- for measure in money + counts %}
    {{ measure }},
    {%- endfor %}
    cast(12 * closing_mrr as decimal(18, 4)) as closing_arr,
    {{ divide_money('closing_mrr', 'nullif(paying_customers, 0)') }} as arpa,
    {{ divide_money('net_new_mrr', 'nullif(new_customers, 0)') }} as average_sale_price,
    {{ rate('net_new_mrr + net_expansion_mrr', '-(net_contraction_mrr + net_churn_mrr)') }} as quick_ratio
from sliced
