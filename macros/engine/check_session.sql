{#- Stops a run in a session whose settings would change figures. -#}
{% macro check_session() -%}
    {{ return(adapter.dispatch('check_session', 'csw')()) }}
{%- endmacro %}

{% macro duckdb__check_session() -%}
{%- endmacro %}

{#- Spark derives months in the session's time zone. If it may lose precision, it rounds products of wide decimals
    twice. -#}
{% macro spark__check_session() -%}
    {%- set wanted = {
        'spark.sql.session.timeZone': 'UTC',
        'spark.sql.decimalOperations.allowPrecisionLoss': 'false',
    } -%}
    {%- for setting, value in wanted.items() if execute -%}
        {%- set found = run_query('set ' ~ setting).rows[0][1] -%}
        {%- if found != value -%}
            {%- do exceptions.raise_compiler_error(
                setting ~ ' is ' ~ found ~ ', and must be ' ~ value ~ '. Set it under server_side_parameters in profiles.yml.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
