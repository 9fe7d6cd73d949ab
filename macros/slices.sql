{#- Metric tables carry their total and one set of rows per slice dimension. These macros turn a relation
    with one column per dimension into such rows with a single pass of grouping sets. -#}

{#- Grouping sets of `keys` alone and of `keys` with each slice dimension. -#}
{% macro slice_sets(keys) -%}
    grouping sets (
        ({{ keys | join(', ') }})
        {%- for dimension in policy('slice_dimensions') %},
        ({{ (keys + [dimension]) | join(', ') }})
        {%- endfor %}
    )
{%- endmacro %}


{#- The columns `dimension` and `dimension_value` of a select that groups by slice_sets. -#}
{% macro slice_columns() -%}
    {%- set dimensions = policy('slice_dimensions') -%}
    {%- if dimensions -%}
    case
        {%- for dimension in dimensions %}
        when grouping({{ dimension }}) = 0 then '{{ dimension }}'
        {%- endfor %}
        else 'all'
    end as dimension,
    case
        {%- for dimension in dimensions %}
        when grouping({{ dimension }}) = 0 then {{ dimension }}
        {%- endfor %}
        else 'all'
    end as dimension_value
    {%- else -%}
    'all' as dimension,
    'all' as dimension_value
    {%- endif -%}
{%- endmacro %}


{#- The slice dimensions of an account, none of them null; `plan` comes from the table that knows the
    plan at the time in question. -#}
{% macro slice_attributes(accounts, plan, with_names=true) -%}
    {%- for dimension in policy('slice_dimensions') %}
    coalesce({{ plan if dimension == 'plan' else accounts ~ '.' ~ dimension }}, 'unknown')
    {%- if with_names %} as {{ dimension }}{% endif -%}
    {%- if not loop.last %},{% endif -%}
    {%- else %}
    'all'{% if with_names %} as no_dimension{% endif -%}
    {%- endfor %}
{%- endmacro %}


{#- The slice dimensions that are attributes of an account, not of its subscriptions. -#}
{% macro account_dimensions() -%}
    {{ return(policy('slice_dimensions') | reject('equalto', 'plan') | list) }}
{%- endmacro %}


{#- What is added up per slice, by where it comes from: columns of money and columns of counts. -#}
{% macro slice_measures() -%}
    {%- set flows = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] -%}
    {%- set flow_money = ['fx_impact_mrr'] -%}
    {%- for flow in flows -%}
        {%- do flow_money.extend([flow ~ '_mrr', 'net_' ~ flow ~ '_mrr']) -%}
    {%- endfor -%}
    {%- set loss_money = [] -%}
    {%- set loss_counts = [] -%}
    {%- for kind in churn_kinds() -%}
        {%- do loss_money.append(kind ~ '_mrr') -%}
        {%- do loss_counts.append(kind ~ '_customers') -%}
    {%- endfor -%}
    {{ return({
        'balances': {
            'money': [
                'opening_mrr', 'closing_mrr', 'opening_mrr_constant', 'closing_mrr_constant', 'committed_mrr',
                'at_risk_mrr', 'usage_mrr'
            ],
            'counts': ['opening_customers', 'closing_customers', 'paying_customers']
        },
        'movements': {
            'money': flow_money,
            'counts': ['new_customers', 'reactivated_customers', 'churned_customers', 'new_and_churned_customers']
        },
        'losses': {'money': loss_money, 'counts': loss_counts},
        'transfers': {'money': ['transfer_mrr'], 'counts': ['transferred_customers']},
    }) }}
{%- endmacro %}
