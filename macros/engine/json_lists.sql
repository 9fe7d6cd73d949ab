{#- The sum of one key over the objects of a JSON list; null if there is no list. -#}
{% macro json_list_sum(list, key) -%}
    {{ return(adapter.dispatch('json_list_sum', 'csw')(list, key)) }}
{%- endmacro %}

{% macro duckdb__json_list_sum(list, key) -%}
    case
        when json_array_length({{ list }}) = 0 then 0
        else list_sum(cast(json_extract_string({{ list }}, '$[*].{{ key }}') as decimal(38, 14)[]))
    end
{%- endmacro %}

{% macro spark__json_list_sum(list, key) -%}
    aggregate(
        from_json({{ list }}, 'array<struct<{{ key }}:decimal(38,14)>>'),
        cast(0 as decimal(38, 14)),
        (total, element) -> cast(total + coalesce(element.{{ key }}, 0) as decimal(38, 14))
    )
{%- endmacro %}


{#- The text of one key of the first object in a JSON list. -#}
{% macro json_list_first(list, key) -%}
    {{ return(adapter.dispatch('json_list_first', 'csw')(list, key)) }}
{%- endmacro %}

{% macro duckdb__json_list_first(list, key) -%}
    json_extract_string({{ list }}, '$[0].{{ key }}')
{%- endmacro %}

{% macro spark__json_list_first(list, key) -%}
    get_json_object({{ list }}, '$[0].{{ key }}')
{%- endmacro %}
