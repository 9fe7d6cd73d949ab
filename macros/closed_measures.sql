{#- The measures of a monthly metric table that a closed month must keep: money and customers. -#}
{% macro closed_measures(table) -%}
    {%- if table == 'mrr_monthly' -%}
        {{ return([
            'opening_mrr', 'new_mrr', 'expansion_mrr', 'contraction_mrr', 'churn_mrr', 'reactivation_mrr', 'transfer_mrr',
            'fx_impact_mrr', 'closing_mrr', 'net_new_mrr', 'net_expansion_mrr', 'net_contraction_mrr', 'net_churn_mrr',
            'net_reactivation_mrr', 'committed_mrr', 'at_risk_mrr', 'opening_customers', 'new_customers',
            'reactivated_customers', 'churned_customers', 'transferred_customers', 'closing_customers'
        ]) }}
    {%- endif -%}
    {%- set measures = ['churned_customers', 'churned_mrr', 'contraction_mrr'] -%}
    {%- for kind in churn_kinds() -%}
        {%- do measures.extend([kind ~ '_customers', kind ~ '_mrr']) -%}
    {%- endfor -%}
    {{ return(measures) }}
{%- endmacro %}


{#- Rows of a monthly metric table, one per month, slice and measure; complete months only. -#}
{% macro measure_rows(relation, table) -%}
    {%- for measure in closed_measures(table) %}
    select
        month,
        '{{ table }}.{{ measure }}' as measure,
        dimension,
        dimension_value,
        cast({{ measure }} as decimal(18, 4)) as measure_value
    from {{ relation }}
    where is_complete
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
