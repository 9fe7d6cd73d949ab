{#- An amount in the reporting currency, rounded half up to 4 decimals. -#}
{% macro convert_money(amount, rate) -%}
    {{ return(adapter.dispatch('convert_money', 'csw')(amount, rate)) }}
{%- endmacro %}

{% macro default__convert_money(amount, rate) -%}
    money_convert({{ amount }}, {{ rate }})
{%- endmacro %}
