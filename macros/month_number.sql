{#- Months as whole numbers (year * 12 + month - 1): arithmetic on them is exact, cheap and joins by hash. -#}
{% macro month_number(instant) -%}
    cast(extract(year from {{ instant }}) * 12 + extract(month from {{ instant }}) - 1 as integer)
{%- endmacro %}


{#- First day of the month with a given number. -#}
{% macro month_start(number) -%}
    {{ return(adapter.dispatch('month_start', 'csw')(number)) }}
{%- endmacro %}

{% macro default__month_start(number) -%}
    cast({{ dbt.dateadd('month', '(' ~ number ~ ') - 12', "cast('0001-01-01' as date)") }} as date)
{%- endmacro %}

{% macro duckdb__month_start(number) -%}
    make_date(cast(({{ number }}) // 12 as bigint), cast(({{ number }}) % 12 + 1 as bigint), 1)
{%- endmacro %}
