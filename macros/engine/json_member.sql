{#- The text of a named value in JSON text: a key of an object, or the `value` of the element with that `name` in a list.
    Null if there is none, or if the text is no JSON. Vendors deliver custom fields in both forms. -#}
{% macro json_member(json, name) -%}
    {{ return(adapter.dispatch('json_member', 'csw')(json, name)) }}
{%- endmacro %}

{% macro duckdb__json_member(json, name) -%}
    case when json_valid({{ json }}) then coalesce(
        json_extract_string({{ json }}, '$."{{ name }}"'),
        json_extract_string(list_filter(
            json_extract({{ json }}, '$[*]'), lambda entry: json_extract_string(entry, '$.name') = '{{ name }}'
        )[1], '$.value')
    ) end
{%- endmacro %}

{% macro spark__json_member(json, name) -%}
    coalesce(
        get_json_object({{ json }}, '$[\'{{ name }}\']'),
        element_at(filter(
            from_json({{ json }}, 'array<struct<name:string,value:string>>'), entry -> entry.name = '{{ name }}'
        ), 1).value
    )
{%- endmacro %}
