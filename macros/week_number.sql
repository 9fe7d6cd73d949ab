{#- Weeks as whole numbers, so that they join by hash. A week begins on Monday; week 0 begins on 1970-01-05. -#}
{% macro week_number(day) -%}
    cast(floor({{ days_between("cast('1970-01-05' as date)", day) }} / 7.0) as integer)
{%- endmacro %}


{#- The Monday of the week with a given number. -#}
{% macro week_start(number) -%}
    cast({{ dbt.dateadd('day', '7 * (' ~ number ~ ')', "cast('1970-01-05' as date)") }} as date)
{%- endmacro %}


{#- The number of the week of as_of in the reporting time zone. -#}
{% macro as_of_week() -%}
    {{ week_number(as_of_day()) }}
{%- endmacro %}


{#- The number of the last week that ends in a month; for the month of as_of, the week of as_of. -#}
{% macro closing_week(month) -%}
    case
        when {{ month }} < {{ as_of_month() }}
            then {{ week_number(month_start(month ~ ' + 1')) }} - 1
        else {{ as_of_week() }}
    end
{%- endmacro %}
