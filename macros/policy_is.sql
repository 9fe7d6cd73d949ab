{#- Whether a policy has a value, as the SQL literal true or false. Engines remove branches that a literal excludes
    before they run a query. -#}
{% macro policy_is(name, value) -%}
    {{ return((policy(name) == value) | string | lower) }}
{%- endmacro %}
