{#- The last value in a window that is not null; the caller adds `over`. -#}
{% macro last_known(expression) -%}
    {{ return(adapter.dispatch('last_known', 'csw')(expression)) }}
{%- endmacro %}

{% macro default__last_known(expression) -%}
    last_value({{ expression }}) ignore nulls
{%- endmacro %}

{% macro duckdb__last_known(expression) -%}
    last_value({{ expression }} ignore nulls)
{%- endmacro %}
