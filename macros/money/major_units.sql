{#- An amount in major units, from whole minor units of a vendor; the seed currency_units has the exponents. -#}
{% macro major_units(amount, currency, vendor) -%}
    cast(
        {{ amount }} * case (
            select max(units.exponent)
            from {{ ref('currency_units') }} as units
            where units.vendor = '{{ vendor }}' and units.currency = upper({{ currency }})
        )
            when 0 then 1
            when 3 then 0.001
            else 0.01
        end as decimal(24, 8)
    )
{%- endmacro %}
