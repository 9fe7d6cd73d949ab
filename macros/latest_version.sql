{#- The latest version of each key in a raw relation. The version column decides, if there is one, then the order of
    arrival. For a vendor's object (`is_vendor`), the times that its loader recorded decide before the order of arrival. -#}
{% macro latest_version(relation, key, version_at=none, is_vendor=false) -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by {% if version_at %}{{ version_at }} desc nulls last, {% endif %}
                {%- if is_vendor %}_version_from desc nulls last, _extracted_at desc nulls last, {% endif -%}
                _loaded_at desc, _row desc
            ) as version_rank
        from {{ relation }}
    ) as versions
    where version_rank = 1
{%- endmacro %}
