{#- The texts of a group in alphabetical order, separated by commas. -#}
{% macro sorted_list(expression) -%}
    {{ return(adapter.dispatch('sorted_list', 'csw')(expression)) }}
{%- endmacro %}

{% macro default__sorted_list(expression) -%}
    {{ dbt.listagg(expression, "', '", 'order by ' ~ expression) }}
{%- endmacro %}

{% macro duckdb__sorted_list(expression) -%}
    {#- Sorting each short list is much cheaper than an ordered aggregate. -#}
    array_to_string(list_sort(list({{ expression }})), ', ')
{%- endmacro %}
