{#- The value of an expression in the rows of int_support__ticket_months with one role; null in the others. -#}
{% macro in_role(role, expression) -%}
    case when ticket_role = '{{ role }}' then {{ expression }} end
{%- endmacro %}
