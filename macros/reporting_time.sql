{#- Months and days begin in the reporting time zone; instants are kept in UTC without a zone. -#}

{#- The wall-clock time of a UTC instant in a time zone, which is an SQL expression; by default the reporting one. -#}
{% macro local_time(instant, zone=none) -%}
    {%- if not zone and policy('reporting_timezone') == 'UTC' -%}
    {{ instant }}
    {%- else -%}
    {{ return(adapter.dispatch('local_time', 'csw')(instant, zone or reporting_zone())) }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__local_time(instant, zone) -%}
    from_utc_timestamp({{ instant }}, {{ zone }})
{%- endmacro %}

{% macro duckdb__local_time(instant, zone) -%}
    timezone({{ zone }}, timezone('UTC', {{ instant }}))
{%- endmacro %}

{% macro reporting_zone() -%}
    '{{ policy('reporting_timezone') }}'
{%- endmacro %}


{#- The UTC instant of a wall-clock time in a time zone, which is an SQL expression; by default the reporting one. -#}
{% macro utc_time(local, zone=none) -%}
    {%- if not zone and policy('reporting_timezone') == 'UTC' -%}
    {{ local }}
    {%- else -%}
    {{ return(adapter.dispatch('utc_time', 'csw')(local, zone or reporting_zone())) }}
    {%- endif -%}
{%- endmacro %}

{#- When clocks go back, a local time occurs twice. DuckDB takes the later instant, which has the next day's offset. -#}
{% macro spark__utc_time(local, zone) -%}
    {%- set later = dbt.dateadd('day', -1, "to_utc_timestamp(" ~ dbt.dateadd('day', 1, local) ~ ", " ~ zone ~ ")") -%}
    case
        when from_utc_timestamp({{ later }}, {{ zone }}) = {{ local }} then {{ later }}
        else to_utc_timestamp({{ local }}, {{ zone }})
    end
{%- endmacro %}

{% macro duckdb__utc_time(local, zone) -%}
    timezone('UTC', timezone({{ zone }}, {{ local }}))
{%- endmacro %}


{#- The day of a UTC instant and the number of its month, in the reporting time zone. -#}
{% macro local_day(instant) -%}
    cast({{ local_time(instant) }} as date)
{%- endmacro %}

{% macro local_month(instant) -%}
    {{ month_number(local_time(instant)) }}
{%- endmacro %}


{#- The UTC instant at which the month with a given number begins. -#}
{% macro month_opens_at(number) -%}
    {{ utc_time('cast(' ~ month_start(number) ~ ' as timestamp)') }}
{%- endmacro %}


{#- The start of the loaded history: the number of its first month and the instant at which that month begins. If the
    whole history was loaded, it is the first month of the calendar. -#}
{% macro first_month_number() -%}
    {%- set month = first_loaded_month() -%}
    {{ return(month[:4] | int * 12 + month[5:] | int - 1) }}
{%- endmacro %}

{% macro history_opens_at() -%}
    {%- set local = modules.datetime.datetime.strptime(first_loaded_month(), '%Y-%m') -%}
    {%- if first_loaded_month() == '0001-01' -%}
    cast('0001-01-01 00:00:00' as timestamp)
    {%- else -%}
    {%- set moment = modules.pytz.timezone(policy('reporting_timezone')).localize(local).astimezone(modules.pytz.utc) -%}
    cast('{{ moment.strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp)
    {%- endif -%}
{%- endmacro %}

{% macro first_loaded_month() -%}
    {%- set month = policy('first_loaded_month') -%}
    {{ return('0001-01' if month == 'none' else month) }}
{%- endmacro %}
