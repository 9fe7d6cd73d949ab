{#- An amount in major units, from whole minor units of a vendor; the seed currency_units has the exponents. The seed's
    columns get other names, so that `currency` is always the caller's column. Call it after a union, not in one of its
    branches: Spark 4 fails if that branch reads another union. -#}
{% macro major_units(amount, currency, vendor) -%}
    cast(
        {{ amount }} * case (
            select max(units.unit_exponent)
            from (
                select
                    vendor as unit_vendor,
                    currency as unit_currency,
                    exponent as unit_exponent
                from {{ ref('currency_units') }}
            ) as units
            where units.unit_vendor = '{{ vendor }}' and units.unit_currency = upper({{ currency }})
        )
            when 0 then 1
            when 3 then 0.001
            else 0.01
        end as decimal(24, 8)
    )
{%- endmacro %}
