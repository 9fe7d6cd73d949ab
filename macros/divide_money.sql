{#- Exact quotient of a non-negative decimal with at most 14 decimals and a whole number, rounded half up
    to 4 decimals. Many engines divide decimals in floating point, which moves cents. -#}
{% macro divide_money(amount, divisor) -%}
    {{ return(adapter.dispatch('divide_money', 'csw')(amount, divisor)) }}
{%- endmacro %}

{% macro default__divide_money(amount, divisor) -%}
    cast(round(cast({{ amount }} as decimal(38, 14)) / ({{ divisor }}), 4) as decimal(18, 4))
{%- endmacro %}

{% macro duckdb__divide_money(amount, divisor) -%}
    {#- Units of 10^-14 over units of 10^-4 leave 10^10 in the divisor. Whole numbers and fractions are scaled apart, as
        both together would leave the range of decimals from 10^10 on. -#}
    {%- set whole = 'trunc(cast(' ~ amount ~ ' as decimal(38, 14)))' -%}
    {%- set exact -%}
        cast(
            (
                2 * (
                    cast({{ whole }} as hugeint) * 100000000000000
                    + cast((cast({{ amount }} as decimal(38, 14)) - {{ whole }}) * 100000000000000 as hugeint)
                )
                + 10000000000 * cast({{ divisor }} as hugeint)
            ) // (20000000000 * cast({{ divisor }} as hugeint))
            as decimal(38, 0)
        ) * 0.0001
    {%- endset -%}
    {{ round_money(exact, 'cast(' ~ amount ~ ' as double) / (' ~ divisor ~ ')') }}
{%- endmacro %}
