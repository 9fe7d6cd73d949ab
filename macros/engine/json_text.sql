{#- The text of one key of a JSON object; null if the object lacks it. -#}
{% macro json_text(object, key) -%}
    {{ return(adapter.dispatch('json_text', 'csw')(object, key)) }}
{%- endmacro %}

{% macro duckdb__json_text(object, key) -%}
    json_extract_string({{ object }}, '$."{{ key }}"')
{%- endmacro %}

{% macro spark__json_text(object, key) -%}
    get_json_object({{ object }}, '$.{{ key }}')
{%- endmacro %}
