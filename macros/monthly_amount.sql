{#- Monthly value of an amount per billing interval, 4 decimals. Weeks and days become months by the
    policies weeks_per_month and days_per_month. -#}
{% macro monthly_amount(amount, interval_unit, interval_count) -%}
    {%- set week = fraction(policy('weeks_per_month')) -%}
    {%- set day = fraction(policy('days_per_month')) -%}
    {%- set numerator -%}
        case {{ interval_unit }} when 'week' then {{ week[0] }} when 'day' then {{ day[0] }} else 1 end
    {%- endset -%}
    {%- set divisor -%}
        case {{ interval_unit }} when 'year' then 12 when 'week' then {{ week[1] }} when 'day' then {{ day[1] }} else 1 end * {{ interval_count }}
    {%- endset -%}
    {{ divide_money('(' ~ amount ~ ') * (' ~ numerator ~ ')', divisor) }}
{%- endmacro %}


{#- A number such as 52/12, 30 or 4.33 as whole numerator and denominator. -#}
{% macro fraction(number) -%}
    {%- set parts = (number | string).split('/') -%}
    {%- if parts | length == 2 -%}
        {{ return([parts[0] | int, parts[1] | int]) }}
    {%- endif -%}
    {%- set decimals = (parts[0].split('.') + [''])[1] | length -%}
    {{ return([parts[0].replace('.', '') | int, 10 ** decimals]) }}
{%- endmacro %}
