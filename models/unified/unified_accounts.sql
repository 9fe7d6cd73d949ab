-- one row per account in the CRM or in billing
with crm_accounts as (
    {{ with_linked_account(ref('stg_generic__accounts'), 'parent_account_id') }}
),

delivered_periods as (
    select * from {{ ref('unified_delivered_periods') }}
),

overrides as (
    select
        account_id,
        is_internal
    from {{ ref('unified_overrides') }}
    where is_internal is not null and not is_expired
),

-- An account that is missing from the CRM export gets a row with only its key, so that its money is not lost.
billing_only as (
    select
        delivered_periods.account_id,
        min(delivered_periods.period_start) as created_at,
        max(delivered_periods._batch_id) as _batch_id,
        max(delivered_periods._loaded_at) as _loaded_at
    from delivered_periods
    left join crm_accounts on delivered_periods.account_id = crm_accounts.account_id
    where crm_accounts.account_id is null
    group by delivered_periods.account_id
),

unified as (
    select
        account_id,
        account_name,
        lower(domain) as domain,
        linked_parent_account_id as parent_account_id,
        segment,
        industry,
        country,
        acquisition_channel,
        owner_name,
        created_at,
        is_deleted,
        is_internal,
        true as is_in_crm,
        _batch_id,
        _loaded_at
    from crm_accounts
    union all
    select
        account_id,
        cast(null as string) as account_name,
        cast(null as string) as domain,
        cast(null as string) as parent_account_id,
        cast(null as string) as segment,
        cast(null as string) as industry,
        cast(null as string) as country,
        cast(null as string) as acquisition_channel,
        cast(null as string) as owner_name,
        created_at,
        false as is_deleted,
        false as is_internal,
        false as is_in_crm,
        _batch_id,
        _loaded_at
    from billing_only
)

select
    unified.account_id,
    unified.account_name,
    unified.domain,
    unified.parent_account_id,
    unified.segment,
    unified.industry,
    unified.country,
    unified.acquisition_channel,
    unified.owner_name,
    unified.created_at,
    unified.is_deleted,
    coalesce(overrides.is_internal, unified.is_internal) as is_internal,
    coalesce(overrides.is_internal <> unified.is_internal, false) as has_override,
    unified.is_in_crm,
    unified._batch_id,
    unified._loaded_at
from unified
left join overrides on unified.account_id = overrides.account_id
