{#- The rows of a staging model with `linked_account_id`, the account that `account_id` identifies. If the id is not a
    CRM account but a key of another system, it resolves to the account of that key. Any other id stays as it is. -#}
{% macro with_linked_account(relation, account_id='account_id') -%}
    select
        delivered.*,
        coalesce(links.account_id, delivered.{{ account_id }}) as linked_{{ account_id }}
    from {{ relation }} as delivered
    left join {{ ref('unified_account_links') }} as links on delivered.{{ account_id }} = links.source_key
{%- endmacro %}
