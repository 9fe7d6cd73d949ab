{#- The instant that number of days later; null if a policy gives a word, such as never, instead of a number. -#}
{% macro days_later(instant, days) -%}
    {%- if days is number -%}
    {{ dbt.dateadd('day', days, instant) }}
    {%- else -%}
    cast(null as timestamp)
    {%- endif -%}
{%- endmacro %}
