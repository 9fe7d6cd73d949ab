{#- The keys of other systems that the records of a staging relation hold, one row per record and key. It looks for the
    fields of `account_reference_fields` in the JSON columns, each with every prefix and suffix that the system or its
    loader adds to the names of custom fields. -#}
{% macro reference_rows(relation, key, json_columns, prefixes=[], suffixes=[]) -%}
    select
        source_key,
        reference,
        min(field) as field,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from (
        select
            {{ key }} as source_key,
            nullif(trim(case fields.field
                {%- for field in var('account_reference_fields') %}
                when '{{ field }}' then {{ _first_member(json_columns, field, prefixes, suffixes) }}
                {%- endfor %}
            end), '') as reference,
            fields.field,
            _batch_id,
            _loaded_at
        from {{ relation }}
        cross join (
            {%- for field in var('account_reference_fields') %}
            select '{{ field }}' as field{{ ' union all' if not loop.last }}
            {%- endfor %}
        ) as fields
    ) as held
    where reference is not null
    group by source_key, reference
{%- endmacro %}

{% macro _first_member(json_columns, field, prefixes, suffixes) -%}
    {%- set members = [] -%}
    {%- for column in json_columns -%}
        {%- for prefix in [''] + prefixes -%}
            {%- for suffix in [''] + suffixes -%}
                {%- do members.append(json_member(column, prefix ~ field ~ suffix)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ 'coalesce(' ~ members | join(', ') ~ ')' if members | length > 1 else members[0] }}
{%- endmacro %}
