{#- Whole days from one date to another; negative where the second lies before the first. -#}
{% macro days_between(first, second) -%}
    {{ return(adapter.dispatch('days_between', 'csw')(first, second)) }}
{%- endmacro %}

{% macro default__days_between(first, second) -%}
    {{ dbt.datediff(first, second, 'day') }}
{%- endmacro %}

{% macro duckdb__days_between(first, second) -%}
    date_diff('day', {{ first }}, {{ second }})
{%- endmacro %}
