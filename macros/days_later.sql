{#- The instant that many days later; null where a policy has a word instead of a number of days, such as never. -#}
{% macro days_later(instant, days) -%}
    {%- if days is number -%}
    {{ dbt.dateadd('day', days, instant) }}
    {%- else -%}
    cast(null as timestamp)
    {%- endif -%}
{%- endmacro %}
