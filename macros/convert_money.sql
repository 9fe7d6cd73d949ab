{#- An amount in the reporting currency, rounded half up to 4 decimals. -#}
{% macro convert_money(amount, rate) -%}
    cast(round(cast({{ amount }} as decimal(18, 4)) * {{ rate }}, 4) as decimal(18, 4))
{%- endmacro %}
