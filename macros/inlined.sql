{#- The materialization of a step that few models read. DuckDB inlines a view. Spark plans a view again for each reader
    and takes minutes for chains of views, so it gets a table. -#}
{% macro inlined() -%}
    {{ return(adapter.dispatch('inlined', 'csw')()) }}
{%- endmacro %}

{% macro duckdb__inlined() -%}
    {{ return('view') }}
{%- endmacro %}

{% macro spark__inlined() -%}
    {{ return('table') }}
{%- endmacro %}
