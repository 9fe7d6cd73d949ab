{#- Whole days from one date to another; negative if the second date is before the first. -#}
{% macro days_between(first, second) -%}
    {{ return(adapter.dispatch('days_between', 'csw')(first, second)) }}
{%- endmacro %}

{% macro default__days_between(first, second) -%}
    cast({{ dbt.datediff(first, second, 'day') }} as bigint)
{%- endmacro %}

{% macro duckdb__days_between(first, second) -%}
    date_diff('day', {{ first }}, {{ second }})
{%- endmacro %}
