{#- Minutes from midnight to a time of day that is written as HH:MM. -#}
{% macro clock_minutes(text) -%}
    cast({{ dbt.split_part(text, "':'", 1) }} as integer) * 60 + cast({{ dbt.split_part(text, "':'", 2) }} as integer)
{%- endmacro %}
