{#- The materialization of a step that few models read: a view on DuckDB, which inlines it, and a table on Spark, which
    plans a view again for each reader. Chains of views take Spark minutes. -#}
{% macro inlined() -%}
    {{ return(adapter.dispatch('inlined', 'csw')()) }}
{%- endmacro %}

{% macro duckdb__inlined() -%}
    {{ return('view') }}
{%- endmacro %}

{% macro spark__inlined() -%}
    {{ return('table') }}
{%- endmacro %}
