{#- The units that a price bills: a price per package bills whole packages. -#}
{% macro billed_units(quantity, package_size, package_rounding) -%}
    cast(
        case
            when {{ package_size }} <= 1 then {{ quantity }}
            when {{ package_rounding }} = 'down' then floor({{ quantity }} / {{ package_size }})
            else ceil({{ quantity }} / {{ package_size }})
        end as decimal(18, 6)
    )
{%- endmacro %}
