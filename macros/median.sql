{#- The median of a column over a group. -#}
{% macro median(expression) -%}
    {{ return(adapter.dispatch('median', 'csw')(expression)) }}
{%- endmacro %}

{% macro default__median(expression) -%}
    median({{ expression }})
{%- endmacro %}
