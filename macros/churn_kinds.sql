{#- The causes that can end a subscription. `unknown` is a kind of its own. -#}
{% macro churn_kinds() -%}
    {{ return(['voluntary', 'involuntary', 'dispute', 'planned_end', 'pause', 'internal', 'unknown']) }}
{%- endmacro %}
