{#- One row per key that belongs to one account only: `source_key` and `account_id`. A key that several systems use for
    different accounts identifies none. No other system stores the keys of organizations. -#}
{% macro accounts_by_key() -%}
    select
        source_key,
        min(account_id) as account_id
    from {{ ref('unified_account_keys') }}
    {%- if has_branch('organizations') %}
    where
        source_system not in {{ text_list(systems_with('organizations')) }}
    {%- endif %}
    group by source_key
    having min(account_id) = max(account_id)
{%- endmacro %}
