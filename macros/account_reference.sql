{#- The key of an account or a contact among the fields of a JSON object: the first of `account_id` and the names in
    account_reference_fields that has a value. Some loading tools make columns of the fields, which the loader keeps in
    `_extra` under names that begin with `prefix`. -#}
{% macro account_reference(object, extra=none, prefix='') -%}
    {%- set keys = [] -%}
    {%- for field in (['account_id'] + var('account_reference_fields', []) | list) | unique -%}
        {%- do keys.append(reference_text(json_text(object, field))) -%}
        {%- if extra -%}
            {%- do keys.append(reference_text(json_text(extra, prefix ~ field))) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ 'coalesce(' ~ keys | join(', ') ~ ')' if keys | length > 1 else keys[0] }}
{%- endmacro %}

{#- A delivered key of an account or a contact. An e-mail address is none, because the unified layer holds no address. -#}
{% macro reference_text(value) -%}
    case when {{ value }} not like '%@%' then nullif(trim({{ value }}), '') end
{%- endmacro %}
