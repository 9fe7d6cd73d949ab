-- one row per key that a system uses for an account
with crm_accounts as (
    select * from {{ ref('stg_generic__accounts') }}
),

periods as (
    {{ with_linked_account(ref('stg_generic__subscription_periods')) }}
),

billed_accounts as (
    select
        linked_account_id as account_id,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from periods
    group by linked_account_id
),

links as (
    {%- if has_identity() %}
    select * from {{ ref('unified_identity__matches') }}
    where account_id is not null
    {%- else %}
    select
        *,
        'key' as match_rule,
        'account_keys' as evidence
    from {{ ref('stg_generic__account_keys') }}
    {%- endif %}
),

unified as (
    select
        'generic' as source_system,
        coalesce(crm_accounts.account_id, billed_accounts.account_id) as source_key,
        coalesce(crm_accounts.account_id, billed_accounts.account_id) as account_id,
        'own' as match_rule,
        cast(null as string) as evidence,
        coalesce(crm_accounts._batch_id, billed_accounts._batch_id) as _batch_id,
        coalesce(crm_accounts._loaded_at, billed_accounts._loaded_at) as _loaded_at
    from crm_accounts
    full outer join billed_accounts on crm_accounts.account_id = billed_accounts.account_id
    union all
    select
        source_system,
        source_key,
        account_id,
        match_rule,
        evidence,
        _batch_id,
        _loaded_at
    from links
    -- An account id always maps to itself, and a link cannot remap it.
    where source_system <> 'generic'
)

select * from unified
