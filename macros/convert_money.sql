{#- An amount in the reporting currency, rounded half up to 4 decimals. -#}
{% macro convert_money(amount, rate) -%}
    {#- Most money is in the reporting currency, and wide decimals are slow. -#}
    case
        when {{ rate }} = 1 then cast({{ amount }} as decimal(18, 4))
        else cast(cast({{ amount }} as decimal(18, 4)) * {{ rate }} as decimal(18, 4))
    end
{%- endmacro %}
