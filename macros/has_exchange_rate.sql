{#- Whether an exchange rate of a currency is known at as_of. Without one, money in that currency cannot be valued.
    Spark compares with each row of the subquery, so it has one per currency instead of one per day. -#}
{% macro has_exchange_rate(currency) -%}
    not coalesce(
        {{ currency }} <> '{{ policy('reporting_currency') }}'
        and {{ currency }} not in (
            select distinct currency from {{ ref('unified_fx_rates') }} where rate_on <= {{ as_of_day() }}
        ),
        false
    )
{%- endmacro %}
