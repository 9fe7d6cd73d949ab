{#- The rows of a staging model with `linked_account_id`: the account that its `account_id` stands for. An id that is no
    account of the CRM but the key of another system is the account that this key belongs to; any other stays. -#}
{% macro with_linked_account(relation, account_id='account_id') -%}
    select
        delivered.*,
        coalesce(links.account_id, delivered.{{ account_id }}) as linked_{{ account_id }}
    from {{ relation }} as delivered
    left join {{ ref('unified_account_links') }} as links on delivered.{{ account_id }} = links.source_key
{%- endmacro %}
