{#- Whole seconds from one instant to another. Fractions of a second count as nothing in both, so that parts add up. -#}
{% macro seconds_between(first, second) -%}
    {{ return(adapter.dispatch('seconds_between', 'csw')(first, second)) }}
{%- endmacro %}

{% macro duckdb__seconds_between(first, second) -%}
    date_diff('second', {{ first }}, {{ second }})
{%- endmacro %}

{% macro spark__seconds_between(first, second) -%}
    unix_timestamp({{ second }}) - unix_timestamp({{ first }})
{%- endmacro %}
