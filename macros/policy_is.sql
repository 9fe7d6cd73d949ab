{#- A policy's question as a SQL literal, true or false. Engines drop what such a literal rules out before they run. -#}
{% macro policy_is(name, value) -%}
    {{ return((policy(name) == value) | string | lower) }}
{%- endmacro %}
