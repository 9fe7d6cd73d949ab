-- one row per record of a company in a CRM, in billing or in a help desk
{{ config(enabled=has_identity()) }}
with crm_records as (
    select
        'generic' as source_system,
        account_id as source_key,
        domain,
        parent_account_id as parent_key,
        cast(null as string) as merged_into_key,
        is_deleted,
        _batch_id,
        _loaded_at
    from {{ ref('stg_generic__accounts') }}
    {%- if has_branch('accounts') %}
    union all
    {{ union_branches(
        'accounts', ['source_key', 'domain', 'parent_key', 'merged_into_key', 'is_deleted', '_batch_id', '_loaded_at']
    ) }}
    {%- endif %}
),

{% if has_branch('customers') -%}
customers as (
    {{- union_branches(
        'customers',
        ['source_key', 'email_domain', 'email_hash', 'parent_key', 'is_deleted', '_batch_id', '_loaded_at']
    ) }}
),

{% endif -%}
{% if has_branch('organizations') -%}
-- An organization of a help desk has a row for each of its domains, which unified_identity__by_domain compares.
organizations as (
    {{- union_branches('organizations', ['source_key', 'is_deleted', '_batch_id', '_loaded_at']) }}
),

{% endif -%}
records as (
    select
        source_system,
        source_key,
        true as is_crm,
        true as is_account,
        {{ company_domain('domain') }} as domain,
        cast(null as string) as email_hash,
        parent_key,
        merged_into_key,
        is_deleted,
        _batch_id,
        _loaded_at
    from crm_records
    {%- if has_branch('customers') %}
    union all
    select
        source_system,
        source_key,
        false as is_crm,
        true as is_account,
        lower(email_domain) as domain,
        email_hash,
        parent_key,
        null as merged_into_key,
        is_deleted,
        _batch_id,
        _loaded_at
    from customers
    {%- endif %}
    {%- if has_branch('organizations') %}
    union all
    select
        source_system,
        source_key,
        false as is_crm,
        false as is_account,
        null as domain,
        null as email_hash,
        null as parent_key,
        null as merged_into_key,
        min(case when is_deleted then 1 else 0 end) = 1 as is_deleted,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from organizations
    group by source_system, source_key
    {%- endif %}
),

ranked as (
    select
        *,
        {{ system_rank('source_system') }} as system_rank
    from records
)

select
    source_system,
    source_key,
    cast(system_rank as bigint) as system_rank,
    is_crm,
    is_account,
    -- The id of a CRM is an account's id, unless a CRM before it has the same id.
    case
        when is_crm and row_number() over (partition by is_crm, source_key order by system_rank) = 1 then source_key
        else source_system || ':' || source_key
    end as account_id,
    domain,
    email_hash,
    parent_key,
    merged_into_key,
    is_deleted,
    _batch_id,
    _loaded_at
from ranked
