{#- The first number in a text, such as 10 in `10 - Extremely likely`; null without one, or if it is too large to be a
    score. -#}
{% macro number_in(text) -%}
    {{ return(score_of('nullif(regexp_extract(' ~ text ~ ", '([0-9]+([.][0-9]+)?)', 1), '')")) }}
{%- endmacro %}

{#- A number or text as a score; null if it is no number, or too large to be a score. -#}
{% macro score_of(value) -%}
    {%- set number = dbt.safe_cast(value, 'decimal(24, 6)') -%}
    cast(case when abs({{ number }}) < 100000 then {{ number }} end as decimal(18, 6))
{%- endmacro %}
