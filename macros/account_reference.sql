{#- The key of an account or a contact among the fields of a JSON object: the first of `account_id` and the names in
    account_reference_fields that has a value. -#}
{% macro account_reference(object) -%}
    {%- set keys = [] -%}
    {%- for field in (['account_id'] + var('account_reference_fields', []) | list) | unique -%}
        {%- do keys.append(reference_text(json_text(object, field))) -%}
    {%- endfor -%}
    {{ 'coalesce(' ~ keys | join(', ') ~ ')' if keys | length > 1 else keys[0] }}
{%- endmacro %}

{#- A delivered key of an account or a contact. An e-mail address is none, because the unified layer holds no address. -#}
{% macro reference_text(value) -%}
    case when {{ value }} not like '%@%' then nullif(trim({{ value }}), '') end
{%- endmacro %}
