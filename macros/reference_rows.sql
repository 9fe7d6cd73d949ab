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
        {%- for field in var('account_reference_fields') %}
        select
            {{ key }} as source_key,
            nullif(trim(coalesce(
                {%- for column in json_columns %}{% set column_loop = loop %}
                {%- for prefix in [''] + prefixes %}{% set prefix_loop = loop %}
                {%- for suffix in [''] + suffixes %}
                {{ json_member(column, prefix ~ field ~ suffix) }}{{ ',' if not (column_loop.last and prefix_loop.last and loop.last) }}
                {%- endfor %}
                {%- endfor %}
                {%- endfor %}
            )), '') as reference,
            '{{ field }}' as field,
            _batch_id,
            _loaded_at
        from {{ relation }}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as held
    where reference is not null
    group by source_key, reference
{%- endmacro %}
