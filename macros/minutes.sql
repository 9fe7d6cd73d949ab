{#- Minutes of a number of seconds. -#}
{% macro minutes(seconds) -%}
    (cast({{ seconds }} as double) / 60)
{%- endmacro %}
