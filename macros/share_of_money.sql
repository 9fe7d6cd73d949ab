{#- Exact share of a non-negative amount, `amount` * `part` / `whole`, rounded half up; all are money with 4 decimals. -#}
{% macro share_of_money(amount, part, whole) -%}
    {{ return(adapter.dispatch('share_of_money', 'csw')(amount, part, whole)) }}
{%- endmacro %}

{% macro default__share_of_money(amount, part, whole) -%}
    cast(round(cast({{ amount }} as decimal(38, 10)) * ({{ part }}) / ({{ whole }}), 4) as decimal(18, 4))
{%- endmacro %}

{% macro duckdb__share_of_money(amount, part, whole) -%}
    {#- In units of 10^-4, as whole numbers. -#}
    {%- set units = [] -%}
    {%- for money in [amount, part, whole] -%}
        {%- do units.append('cast(cast(' ~ money ~ ' as decimal(38, 4)) * 10000 as hugeint)') -%}
    {%- endfor -%}
    {%- set exact -%}
        cast((2 * {{ units[0] }} * {{ units[1] }} + {{ units[2] }}) // (2 * {{ units[2] }}) as decimal(38, 0)) * 0.0001
    {%- endset -%}
    {%- set approximate -%}
        cast({{ amount }} as double) * cast({{ part }} as double) / cast({{ whole }} as double)
    {%- endset -%}
    {{ round_money(exact, approximate) }}
{%- endmacro %}
