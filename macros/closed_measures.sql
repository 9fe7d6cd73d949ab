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
    select
        figures.month,
        measures.measure,
        figures.dimension,
        figures.dimension_value,
        case measures.measure
            {%- for measure in closed_measures(table) %}
            when '{{ table }}.{{ measure }}' then cast(figures.{{ measure }} as decimal(18, 4))
            {%- endfor %}
        end as measure_value
    from {{ relation }} as figures
    cross join (
        values
        {%- for measure in closed_measures(table) %}
        ('{{ table }}.{{ measure }}'){{ ',' if not loop.last }}
        {%- endfor %}
    ) as measures (measure)
    where figures.is_complete
{%- endmacro %}
