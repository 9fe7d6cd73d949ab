{#- An amount rounded half up to 4 decimals. -#}
{% macro round_money(amount) -%}
    {{ return(adapter.dispatch('round_money', 'csw')(amount)) }}
{%- endmacro %}

{% macro default__round_money(amount) -%}
    money_round({{ amount }})
{%- endmacro %}
