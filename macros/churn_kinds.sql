{#- Who or what can end a subscription; unknown is a class of its own. -#}
{% macro churn_kinds() -%}
    {{ return(['voluntary', 'involuntary', 'dispute', 'planned_end', 'pause', 'internal', 'unknown']) }}
{%- endmacro %}
