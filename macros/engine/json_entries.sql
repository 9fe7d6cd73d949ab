{#- A select item that repeats its row once for every entry of a JSON object: a struct with the texts `key` and `value`.
    A row whose text is no JSON object disappears. -#}
{% macro json_entries(object) -%}
    {{ return(adapter.dispatch('json_entries', 'csw')(object)) }}
{%- endmacro %}

{% macro duckdb__json_entries(object) -%}
    unnest(map_entries(try_cast(try_cast({{ object }} as json) as map(varchar, varchar))))
{%- endmacro %}

{% macro spark__json_entries(object) -%}
    explode(map_entries(from_json({{ object }}, 'map<string,string>')))
{%- endmacro %}


{#- A select item that repeats its row once for every element of a JSON list, as text. A row whose text is no JSON list
    disappears. -#}
{% macro json_elements(list) -%}
    {{ return(adapter.dispatch('json_elements', 'csw')(list)) }}
{%- endmacro %}

{% macro duckdb__json_elements(list) -%}
    unnest(try_cast(try_cast({{ list }} as json) as varchar[]))
{%- endmacro %}

{% macro spark__json_elements(list) -%}
    explode(from_json({{ list }}, 'array<string>'))
{%- endmacro %}


{#- The text if it is JSON, else null. -#}
{% macro valid_json(text) -%}
    {{ return(adapter.dispatch('valid_json', 'csw')(text)) }}
{%- endmacro %}

{% macro duckdb__valid_json(text) -%}
    case when json_valid({{ text }}) then {{ text }} end
{%- endmacro %}

{% macro spark__valid_json(text) -%}
    case when get_json_object({{ text }}, '$') is not null then {{ text }} end
{%- endmacro %}
