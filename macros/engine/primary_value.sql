{#- The primary `value` of a JSON list of values, or else its first; a text that is no list stays as it is. -#}
{% macro primary_value(list) -%}
    {{ return(adapter.dispatch('primary_value', 'csw')(list)) }}
{%- endmacro %}

{% macro duckdb__primary_value(list) -%}
    nullif(case
        when {{ list }} not like '[%' then {{ list }}
        when json_valid({{ list }}) then coalesce(
            json_extract_string(list_filter(
                json_extract({{ list }}, '$[*]'), lambda entry: json_extract_string(entry, '$.primary') = 'true'
            )[1], '$.value'),
            json_extract_string({{ list }}, '$[0].value')
        )
    end, '')
{%- endmacro %}

{% macro spark__primary_value(list) -%}
    nullif(case
        when {{ list }} not like '[%' then {{ list }}
        else coalesce(
            element_at(filter(
                from_json({{ list }}, 'array<struct<value:string,primary:string>>'), entry -> entry.primary = 'true'
            ), 1).value,
            get_json_object({{ list }}, '$[0].value')
        )
    end, '')
{%- endmacro %}
