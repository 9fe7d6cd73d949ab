{#- An amount in the reporting currency, rounded half up to 4 decimals. -#}
{% macro convert_money(amount, rate) -%}
    {%- set money = 'cast(' ~ amount ~ ' as decimal(18, 4))' -%}
    {{ round_money(money ~ ' * ' ~ rate, 'cast(' ~ money ~ ' as double) * cast(' ~ rate ~ ' as double)') }}
{%- endmacro %}
