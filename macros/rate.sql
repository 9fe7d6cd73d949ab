{#- Fraction of two counts or amounts; null where the denominator is zero. -#}
{% macro rate(numerator, denominator) -%}
    (cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0))
{%- endmacro %}
