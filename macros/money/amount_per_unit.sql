{#- Exact quotient of a decimal amount and a whole number of units, rounded half up to 8 decimals. -#}
{% macro amount_per_unit(amount, units) -%}
    cast({{ divide_money('cast(' ~ amount ~ ' as decimal(28, 8)) * 10000', units) }} * 0.0001 as decimal(24, 8))
{%- endmacro %}
