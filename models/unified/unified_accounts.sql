-- one row per account in the CRM or in billing
with crm_accounts as (
    {{ with_linked_account(ref('stg_generic__accounts'), 'parent_account_id') }}
),

-- An account that is missing from the CRM export gets a row with only its key, so that its money is not lost.
billed_accounts as (
    select
        account_id,
        min(period_start) as created_at,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from {{ ref('unified_delivered_periods') }}
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
