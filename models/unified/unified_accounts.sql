-- one row per account in the CRM or in billing
{%- set columns = [
    'account_name', 'domain', 'segment', 'industry', 'country', 'acquisition_channel', 'owner_name', 'created_at',
    'is_deleted', 'is_internal', '_batch_id', '_loaded_at',
] %}
with {{ 'generic_accounts' if has_branch('accounts') else 'crm_accounts' }} as (
    {{ with_linked_account(ref('stg_generic__accounts'), 'parent_account_id') }}
),

{% if has_branch('accounts') -%}
branch_accounts as (
    {{- union_branches('accounts', ['source_key', 'parent_key'] + columns) }}
),

-- A record that was merged, or that joined the account of another CRM, is no account.
crm_accounts as (
    select
        account_id,
        linked_parent_account_id,
        {{ columns | join(',\n        ') }}
        {%- for attribute in policy('account_attributes') %},
        {{ attribute }}
        {%- endfor %}
    from generic_accounts
    union all
    select
        keys.account_id,
        nullif(coalesce(parents.account_id, branch_accounts.parent_key), keys.account_id) as linked_parent_account_id,
        branch_accounts.{{ columns | join(',\n        branch_accounts.') }}
        {%- for attribute in policy('account_attributes') %},
        null as {{ attribute }}
        {%- endfor %}
    from branch_accounts
    inner join {{ ref('unified_account_keys') }} as keys
        on branch_accounts.source_system = keys.source_system and branch_accounts.source_key = keys.source_key
    left join {{ ref('unified_account_keys') }} as parents
        on branch_accounts.source_system = parents.source_system and branch_accounts.parent_key = parents.source_key
    where keys.match_rule = 'own'
),

{% endif -%}
-- An account that is missing from the CRM export gets a row with only its key, so that its money is not lost.
{%- if has_branch('customers') %}
billed_rows as (
    select
        account_id,
        period_start,
        _batch_id,
        _loaded_at
    from {{ ref('unified_delivered_periods') }}
    union all
    select
        account_id,
        null as period_start,
        _batch_id,
        _loaded_at
    from {{ ref('unified_account_keys') }}
    where
        match_rule = 'own'
        and source_system in {{ text_list(systems_with('customers')) }}
),

{% endif %}
billed_accounts as (
    select
        account_id,
        min(period_start) as created_at,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from {{ 'billed_rows' if has_branch('customers') else ref('unified_delivered_periods') }}
    group by account_id
),

overrides as (
    select
        account_id,
        is_internal
    from {{ ref('unified_overrides') }}
    where is_internal is not null and not is_expired
)

select
    coalesce(crm_accounts.account_id, billed_accounts.account_id) as account_id,
    crm_accounts.account_name,
    lower(crm_accounts.domain) as domain,
    crm_accounts.linked_parent_account_id as parent_account_id,
    crm_accounts.segment,
    crm_accounts.industry,
    crm_accounts.country,
    crm_accounts.acquisition_channel,
    crm_accounts.owner_name,
    case when crm_accounts.account_id is null then billed_accounts.created_at else crm_accounts.created_at end
        as created_at,
    coalesce(crm_accounts.is_deleted, false) as is_deleted,
    coalesce(overrides.is_internal, crm_accounts.is_internal, false) as is_internal,
    coalesce(overrides.is_internal <> coalesce(crm_accounts.is_internal, false), false) as has_override,
    crm_accounts.account_id is not null as is_in_crm,
    coalesce(crm_accounts._batch_id, billed_accounts._batch_id) as _batch_id,
    coalesce(crm_accounts._loaded_at, billed_accounts._loaded_at) as _loaded_at
    {%- for attribute in policy('account_attributes') %},
    crm_accounts.{{ attribute }}
    {%- endfor %}
from crm_accounts
full outer join billed_accounts on crm_accounts.account_id = billed_accounts.account_id
left join overrides on coalesce(crm_accounts.account_id, billed_accounts.account_id) = overrides.account_id
