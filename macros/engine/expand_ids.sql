{#- A select item that repeats its row once for every number in a text, such as ids between semicolons or in a list. -#}
{% macro expand_ids(text) -%}
    {{ return(adapter.dispatch('expand_ids', 'csw')(text)) }}
{%- endmacro %}

{% macro duckdb__expand_ids(text) -%}
    unnest(list_distinct(regexp_extract_all({{ text }}, '[0-9]+')))
{%- endmacro %}

{% macro spark__expand_ids(text) -%}
    explode(array_distinct(regexp_extract_all({{ text }}, '[0-9]+', 0)))
{%- endmacro %}
