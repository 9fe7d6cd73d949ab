{#- Exact share of a non-negative amount, `amount` * `part` / `whole`, rounded half up; all are money with 4 decimals. -#}
{% macro share_of_money(amount, part, whole) -%}
    {{ return(adapter.dispatch('share_of_money', 'csw')(amount, part, whole)) }}
{%- endmacro %}

{% macro default__share_of_money(amount, part, whole) -%}
    money_share({{ amount }}, {{ part }}, {{ whole }})
{%- endmacro %}
