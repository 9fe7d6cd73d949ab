{#- The id in a column that holds either an id or, as JSON text, the whole object that it names. -#}
{% macro reference_id(column) -%}
    case when {{ column }} like '{{ "{%" }}' then {{ json_text(column, 'id') }} else {{ column }} end
{%- endmacro %}
