{#- Unit and number of a billing interval that Recurly states in days or months. Twelve months are a year. -#}
{% macro recurly_interval_unit(unit, length) -%}
    case
        when {{ unit }} in ('months', 'month') and mod({{ length }}, 12) = 0 then 'year'
        when {{ unit }} in ('months', 'month') then 'month'
        when {{ unit }} in ('days', 'day') then 'day'
    end
{%- endmacro %}

{% macro recurly_interval_count(unit, length) -%}
    cast(
        case
            when {{ unit }} in ('months', 'month') and mod({{ length }}, 12) = 0 then floor({{ length }} / 12)
            else {{ length }}
        end as {{ dbt.type_bigint() }}
    )
{%- endmacro %}
