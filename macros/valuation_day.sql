{#- The day whose exchange rate values an item's money in a month. fx_policy chooses the last day of the month, the day
    on which the item's service began, or one fixed day. The month of as_of ends on the day of as_of. Either argument
    may be none, which means null. -#}
{% macro valuation_day(month_number, rated_on) -%}
    {%- set fx_policy = policy('fx_policy') -%}
    {%- set month_number = month_number or 'cast(null as integer)' -%}
    {%- set rated_on = rated_on or 'cast(null as date)' -%}
    {%- if fx_policy == 'period_end_rate' -%}
    case
        when {{ month_number }} = {{ as_of_month() }} then {{ as_of_day() }}
        else cast({{ dbt.dateadd('day', -1, month_start(month_number ~ ' + 1')) }} as date)
    end
    {%- elif fx_policy == 'service_start_rate' -%}
    least({{ rated_on }}, {{ as_of_day() }})
    {%- else -%}
    {{ constant_rate_day() }}
    {%- endif -%}
{%- endmacro %}


{#- The day whose exchange rates value money in constant currency. -#}
{% macro constant_rate_day() -%}
    {%- if policy('fx_fixed_on') == 'latest' -%}
    {{ as_of_day() }}
    {%- else -%}
    cast('{{ policy('fx_fixed_on') }}' as date)
    {%- endif -%}
{%- endmacro %}
