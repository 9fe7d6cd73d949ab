{#- The instant after which nothing enters a mart, as a UTC timestamp literal: the variable `as_of`,
    else CSW_AS_OF, else the start of this dbt run. -#}
{% macro as_of() -%}
    {%- set text = var('as_of') or env_var('CSW_AS_OF', '') -%}
    {%- if text -%}
        {%- set moment = modules.datetime.datetime.fromisoformat(text | string) -%}
        {%- if moment.tzinfo -%}
            {%- set moment = moment.astimezone(modules.pytz.utc) -%}
        {%- endif -%}
    {%- else -%}
        {%- set moment = run_started_at -%}
    {%- endif -%}
    cast('{{ moment.strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp)
{%- endmacro %}
