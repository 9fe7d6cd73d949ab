{#- Metric tables carry their total and one set of rows per slice dimension. These macros turn a relation
    with one column per dimension into such rows with a single pass of grouping sets. -#}

{#- The column of a slice dimension. An attribute from `account_attributes` gets a prefix, so that it may have the name
    of any column of a metric table, such as outcome. -#}
{% macro slice_name(dimension) -%}
    {{ return(dimension if dimension not in policy('account_attributes') else 'attribute_' ~ dimension) }}
{%- endmacro %}


{#- Grouping sets of `keys` alone and of `keys` with each slice dimension. -#}
{% macro slice_sets(keys) -%}
    grouping sets (
        ({{ keys | join(', ') }})
        {%- for dimension in policy('slice_dimensions') %},
        ({{ (keys + [slice_name(dimension)]) | join(', ') }})
        {%- endfor %}
    )
{%- endmacro %}


{#- The columns `dimension` and `dimension_value` of a select that groups by slice_sets. -#}
{% macro slice_columns() -%}
    {%- set dimensions = policy('slice_dimensions') -%}
    {%- if dimensions -%}
    case
        {%- for dimension in dimensions %}
        when grouping({{ slice_name(dimension) }}) = 0 then '{{ dimension }}'
        {%- endfor %}
        else 'all'
    end as dimension,
    case
        {%- for dimension in dimensions %}
        when grouping({{ slice_name(dimension) }}) = 0 then {{ slice_name(dimension) }}
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
{% macro slice_attributes(accounts, plan) -%}
    {%- for dimension in policy('slice_dimensions') %}
    coalesce({{ plan if dimension == 'plan' else accounts ~ '.' ~ dimension }}, 'unknown')
    as {{ slice_name(dimension) }}
    {%- if not loop.last %},{% endif -%}
    {%- else %}
    'all' as no_dimension
    {%- endfor %}
{%- endmacro %}


{#- The columns of int_accounts__slices with the slice dimensions of an account, without those of its subscriptions. -#}
{% macro account_dimensions() -%}
    {%- set columns = [] -%}
    {%- for dimension in policy('slice_dimensions') if dimension != 'plan' -%}
        {%- do columns.append(slice_name(dimension)) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
