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


{#- The slice dimensions of an account; null becomes `unknown`. The argument `plan` is the column with the plan at the
    time in question. -#}
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
