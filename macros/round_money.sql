{#- A decimal rounded half up to money with 4 decimals. `approximate` is the same figure in floating point where that is
    not just the decimal as a double; at most six operations deep. -#}
{% macro round_money(exact, approximate=none) -%}
    {{ return(adapter.dispatch('round_money', 'csw')(exact, approximate or 'cast(' ~ exact ~ ' as double)')) }}
{%- endmacro %}

{% macro default__round_money(exact, approximate) -%}
    cast({{ exact }} as decimal(18, 4))
{%- endmacro %}

{#- DuckDB takes twenty times as long to bring a wide decimal to 4 decimals as it takes with a double. Six operations on
    doubles put a figure below 10^12 units of 10^-4 out by less than a thousandth of a unit: as long as what is rounded
    away is no nearer to half a unit than that, both round to the same. -#}
{% macro duckdb__round_money(exact, approximate) -%}
    {%- set units = '(' ~ approximate ~ ') * 10000' -%}
    case
        when abs({{ units }}) < 1000000000000 and abs({{ units }} - floor({{ units }}) - 0.5) > 0.001
            then cast(round({{ units }}) / 10000 as decimal(18, 4))
        else cast({{ exact }} as decimal(18, 4))
    end
{%- endmacro %}
