{#- Monthly value of an amount per billing interval, 4 decimals. The policies weeks_per_month and days_per_month convert
    weeks and days. They are arguments of the call, so that the functions are the same under all policies. -#}
{% macro monthly_amount(amount, interval_unit, interval_count) -%}
    {%- set weeks = fraction(policy('weeks_per_month')) | join('/') -%}
    {%- set days = fraction(policy('days_per_month')) | join('/') -%}
    {{ return(adapter.dispatch('monthly_amount', 'csw')(amount, interval_unit, interval_count, weeks, days)) }}
{%- endmacro %}

{% macro default__monthly_amount(amount, interval_unit, interval_count, weeks, days) -%}
    money_monthly(
        {{ amount }},
        {{ interval_unit }}, {{ interval_count }}, '{{ weeks }}', '{{ days }}'
    )
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
