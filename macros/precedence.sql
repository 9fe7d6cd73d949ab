{#- Movements of one account at one instant take effect in this order: the opening balance of the loaded history,
    the revaluation of foreign currency, a merge of accounts, every other change. -#}
{% macro precedence(kind) -%}
    {{ return({'opening_balance': 0, 'fx_impact': 1, 'merge': 2, 'change': 3}[kind]) }}
{%- endmacro %}
