{#- Whole calendar months from one instant to a later one. From 31 January, the first month is complete on the last day
    of February, at the same time of day. -#}
{% macro completed_months(first, last) -%}
    {%- set months = '(' ~ month_number(last) ~ ' - ' ~ month_number(first) ~ ')' -%}
    case
        when {{ dbt.dateadd('month', months, first) }} > {{ last }} then {{ months }} - 1
        else {{ months }}
    end
{%- endmacro %}
