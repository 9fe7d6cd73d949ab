{#- The records that some rules of identity decide, with the record that each joins, the rule and its evidence. -#}
{% macro identity_decisions(rules) -%}
    {%- for rule in rules %}
    select
        source_system,
        source_key,
        account_system,
        account_key,
        '{{ rule }}' as match_rule,
        evidence
    from {{ ref('unified_identity__by_' ~ rule) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
