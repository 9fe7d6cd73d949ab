{#- Stable pseudonym of a person, from an e-mail address or another personal key; null stays null. -#}
{% macro hash_person(expression) -%}
    {{ return(adapter.dispatch('hash_person', 'csw')(expression)) }}
{%- endmacro %}

{% macro default__hash_person(expression) -%}
    sha2(lower(trim({{ expression }})), 256)
{%- endmacro %}

{% macro duckdb__hash_person(expression) -%}
    sha256(lower(trim({{ expression }})))
{%- endmacro %}
