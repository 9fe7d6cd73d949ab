{#- Said by a model that reads `model` under some policies only: dbt then has one graph under all of them, and need not
    parse again when a policy changes. -#}
{% macro may_read(model) -%}
    {%- if not execute %}{% do ref(model) %}{% endif -%}
{%- endmacro %}
