{#- The instant one billing interval later by the calendar: one month after 31 January is the end of February. -#}
{% macro add_intervals(instant, interval_unit, interval_count) -%}
    case {{ interval_unit }}
        {%- for unit in ['day', 'week', 'month', 'year'] %}
        when '{{ unit }}' then {{ dbt.dateadd(unit, interval_count, instant) }}
        {%- endfor %}
    end
{%- endmacro %}
