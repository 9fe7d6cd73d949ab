{#- Exact quotient of a non-negative decimal with at most 14 decimals and a whole number, rounded half up
    to 4 decimals. Many engines divide decimals in floating point, which can be off by cents. -#}
{% macro divide_money(amount, divisor) -%}
    {{ return(adapter.dispatch('divide_money', 'csw')(amount, divisor)) }}
{%- endmacro %}

{% macro default__divide_money(amount, divisor) -%}
    money_divide({{ amount }}, {{ divisor }})
{%- endmacro %}
