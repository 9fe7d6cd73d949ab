{#- The cut-off instant of all marts, as a UTC timestamp literal: the variable `as_of`, else CSW_AS_OF, else the start
    of this dbt run. -#}
{% macro as_of() -%}
    cast('{{ as_of_moment().strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp)
{%- endmacro %}


{#- The month of as_of (a month number) and its day (a date literal) in the reporting time zone. -#}
{% macro as_of_month() -%}
    {%- set moment = in_reporting_timezone(as_of_moment()) -%}
    {{ moment.year * 12 + moment.month - 1 }}
{%- endmacro %}

{% macro as_of_day() -%}
    cast('{{ in_reporting_timezone(as_of_moment()).strftime("%Y-%m-%d") }}' as date)
{%- endmacro %}


{#- as_of as a moment with a time zone, for other macros. -#}
{% macro as_of_moment() -%}
    {%- set text = var('as_of') or env_var('CSW_AS_OF', '') -%}
    {%- if not text -%}
        {{ return(run_started_at) }}
    {%- endif -%}
    {%- set moment = modules.datetime.datetime.fromisoformat(text | string) -%}
    {{ return(moment.astimezone(modules.pytz.utc) if moment.tzinfo else modules.pytz.utc.localize(moment)) }}
{%- endmacro %}

{% macro in_reporting_timezone(moment) -%}
    {{ return(moment.astimezone(modules.pytz.timezone(policy('reporting_timezone')))) }}
{%- endmacro %}
