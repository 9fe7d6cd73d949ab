{#- A select item that repeats its row once for every text in a list that `sorted_list` made. -#}
{% macro expand_list(text) -%}
    {{ return(adapter.dispatch('expand_list', 'csw')(text)) }}
{%- endmacro %}

{% macro duckdb__expand_list(text) -%}
    unnest(list_distinct(string_split({{ text }}, ', ')))
{%- endmacro %}

{% macro spark__expand_list(text) -%}
    explode(array_distinct(split({{ text }}, ', ')))
{%- endmacro %}
